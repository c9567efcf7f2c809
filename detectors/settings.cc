#include "detectors/settings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "dataplane/track/home_networks.h"
#include "detectors/near_name.h"

namespace vedette {
namespace {

// A file with more faults than this is no slip: the rest is not listed, so that a hostile one costs
// nothing.
constexpr size_t kFaultsMax = 100;
constexpr size_t kShownKeyBytesMax = 60;

std::string Found(const SettingNode& node) {
  switch (node.kind) {
    case SettingNode::Kind::kAbsent:
      return "found nothing";
    case SettingNode::Kind::kList:
      return absl::StrCat("found a list of ", node.items.size());
    case SettingNode::Kind::kMap:
      return absl::StrCat("found a map of ", node.entries.size(), " keys");
    case SettingNode::Kind::kScalar:
      break;
  }
  if (node.scalar.empty() && !node.quoted) return "found nothing";
  return absl::StrCat("found ", Quoted(node.scalar), node.quoted ? " in quotes" : "");
}

// Nothing after the colon: what is left of a list or map whose lines are all comments.
bool IsNothing(const SettingNode& node) {
  return node.kind == SettingNode::Kind::kAbsent ||
         (node.kind == SettingNode::Kind::kScalar && node.scalar.empty() && !node.quoted);
}

// 010 is ten to people and eight to YAML 1.1, and 0x10 is sixteen or a slip: refused.
bool IsOctalOrHex(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  return text.size() > 1 && text[0] == '0' &&
         absl::ascii_isalnum(static_cast<unsigned char>(text[1])) && text[1] != 'e';
}

bool IsPrintable(char c) { return absl::ascii_isprint(static_cast<unsigned char>(c)); }

std::string NumberText(double value) {
  // Whole numbers as people write them; to_chars would choose 1e+09.
  constexpr double kWrittenOutMax = 1e15;
  if (value == std::floor(value) && std::fabs(value) < kWrittenOutMax) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  return std::string(text, end);
}

std::string RangeText(Range range) {
  const bool low = range.min != std::numeric_limits<double>::lowest();
  const bool high = range.max != std::numeric_limits<double>::max();
  if (low && high) return absl::StrCat(NumberText(range.min), " to ", NumberText(range.max));
  if (low) return absl::StrCat("at least ", NumberText(range.min));
  if (high) return absl::StrCat("at most ", NumberText(range.max));
  return "any";
}

std::string ListText(const std::vector<std::string>& items) {
  return absl::StrCat("[", absl::StrJoin(items, ", "), "]");
}

std::string PrefixesText(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const Prefix& prefix : prefixes) texts.push_back(prefix.ToText());
  return ListText(texts);
}

}  // namespace

Settings::Settings(std::string path, const SettingNode* node, SettingLog* log)
    : path_(std::move(path)), node_(node), log_(log) {
  if (node_ == nullptr) return;
  if (IsNothing(*node_)) {
    node_ = nullptr;
  } else if (node_->kind != SettingNode::Kind::kMap) {
    log_->faults.push_back(
        {node_->place, path_, absl::StrCat(Found(*node_), ", allowed a map of keys")});
    node_ = nullptr;
  }
}

const SettingNode* Settings::Read(absl::string_view key, absl::string_view type, std::string range,
                                  std::string default_text) {
  read_.emplace_back(key);
  SettingDeclaration declaration{.path = PathOf(key),
                                 .type = std::string(type),
                                 .range = std::move(range),
                                 .default_text = default_text,
                                 .value_text = std::move(default_text)};
  const SettingNode::Entry* entry = Find(key);
  declaration.present = entry != nullptr;
  if (entry != nullptr) declaration.place = entry->place;
  log_->declarations.push_back(std::move(declaration));
  return entry == nullptr ? nullptr : &entry->value;
}

void Settings::Declare(std::string value_text) {
  log_->declarations.back().value_text = std::move(value_text);
}

const SettingNode::Entry* Settings::Find(absl::string_view key) const {
  if (node_ == nullptr) return nullptr;
  for (const SettingNode::Entry& entry : node_->entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::string Settings::PathOf(absl::string_view key) const {
  return path_.empty() ? std::string(key) : absl::StrCat(path_, ".", key);
}

void Settings::Refuse(const SettingNode& found, absl::string_view key, std::string allowed) {
  const SettingDeclaration& declared = log_->declarations.back();
  log_->faults.push_back({found.place, PathOf(key),
                          absl::StrCat(Found(found), ", allowed ", allowed, " (default ",
                                       declared.default_text, ")")});
}

void Settings::Number(absl::string_view key, Range range, double& out) {
  const SettingNode* node = Read(key, "number", RangeText(range), NumberText(out));
  if (node == nullptr) return;
  double value = 0;
  const bool parsed = node->kind == SettingNode::Kind::kScalar && !node->quoted &&
                      !IsOctalOrHex(node->scalar) && absl::SimpleAtod(node->scalar, &value);
  if (!parsed || !(value >= range.min && value <= range.max)) {  // refuses NaN too
    return Refuse(*node, key, absl::StrCat("a number, ", RangeText(range)));
  }
  out = value;
  Declare(NumberText(out));
}

void Settings::Integer(absl::string_view key, uint64_t min, uint64_t max, uint64_t& out) {
  const std::string range = absl::StrCat(min, " to ", max);
  const SettingNode* node = Read(key, "integer", range, absl::StrCat(out));
  if (node == nullptr) return;
  // from_chars: digits alone. SimpleAtoi would take blanks and signs.
  uint64_t value = 0;
  const char* const end = node->scalar.data() + node->scalar.size();
  const auto [stop, error] = std::from_chars(node->scalar.data(), end, value);
  const bool parsed = node->kind == SettingNode::Kind::kScalar && !node->quoted &&
                      !IsOctalOrHex(node->scalar) && error == std::errc() && stop == end;
  if (!parsed || value < min || value > max) {
    return Refuse(*node, key, absl::StrCat("a whole number, ", range));
  }
  out = value;
  Declare(absl::StrCat(out));
}

void Settings::Integer(absl::string_view key, uint32_t min, uint32_t max, uint32_t& out) {
  uint64_t wide = out;
  Integer(key, uint64_t{min}, uint64_t{max}, wide);
  out = static_cast<uint32_t>(wide);
}

void Settings::Flag(absl::string_view key, bool& out) {
  const SettingNode* node = Read(key, "flag", "true or false", out ? "true" : "false");
  if (node == nullptr) return;
  const bool text = node->kind == SettingNode::Kind::kScalar;
  if (!text || node->quoted || (node->scalar != "true" && node->scalar != "false")) {
    return Refuse(*node, key, "true or false");
  }
  out = node->scalar == "true";
  Declare(node->scalar);
}

void Settings::Text(absl::string_view key, std::string& out) {
  constexpr size_t kTextBytesMax = 4096;
  const SettingNode* node = Read(key, "text", "at most 4096 bytes", Quoted(out));
  if (node == nullptr) return;
  if (node->kind != SettingNode::Kind::kScalar || IsNothing(*node)) {
    return Refuse(*node, key, "a text (\"\" for none)");
  }
  if (node->scalar.size() > kTextBytesMax) {
    return Refuse(*node, key, absl::StrCat("at most ", kTextBytesMax, " bytes"));
  }
  out = node->scalar;
  Declare(Quoted(out));
}

void Settings::Choice(absl::string_view key, absl::Span<const absl::string_view> allowed,
                      std::string& out) {
  const std::string choices = absl::StrJoin(allowed, ", ");
  const SettingNode* node = Read(key, "choice", choices, out);
  if (node == nullptr) return;
  const bool text = node->kind == SettingNode::Kind::kScalar;
  if (!text || std::find(allowed.begin(), allowed.end(), node->scalar) == allowed.end()) {
    const std::string hint = text ? DidYouMean(node->scalar, allowed) : "";
    return Refuse(*node, key, absl::StrCat("one of ", choices, hint));
  }
  out = node->scalar;
  Declare(out);
}

void Settings::TextList(absl::string_view key, std::vector<std::string>& out) {
  const SettingNode* node = Read(key, "list of texts", "any", ListText(out));
  if (node == nullptr) return;
  if (node->kind != SettingNode::Kind::kList) {
    return Refuse(*node, key, "a list ([] for none)");
  }
  std::vector<std::string> texts;
  bool good = true;
  for (const SettingNode& item : node->items) {
    if (item.kind == SettingNode::Kind::kScalar && !IsNothing(item)) {
      texts.push_back(item.scalar);
    } else {
      Refuse(item, key, "a text in each item");
      good = false;
    }
  }
  if (!good) return;
  out = std::move(texts);
  Declare(ListText(out));
}

void Settings::PrefixList(absl::string_view key, std::vector<Prefix>& out) {
  const SettingNode* node =
      Read(key, "list of networks", "addresses or CIDR prefixes", PrefixesText(out));
  if (node == nullptr) return;
  if (node->kind != SettingNode::Kind::kList) {
    return Refuse(*node, key, "a list such as [192.168.0.0/16, fd00::/8] ([] for none)");
  }
  std::vector<Prefix> prefixes;
  bool good = true;
  for (const SettingNode& item : node->items) {
    const absl::StatusOr<Prefix> prefix = ParsePrefix(item.scalar);
    if (item.kind == SettingNode::Kind::kScalar && prefix.ok()) {
      prefixes.push_back(*prefix);
    } else if (item.kind == SettingNode::Kind::kScalar &&
               absl::c_all_of(item.scalar, IsPrintable)) {
      log_->faults.push_back({item.place, PathOf(key), std::string(prefix.status().message())});
      good = false;
    } else {
      Refuse(item, key, "an address or a prefix such as 192.168.0.0/16");
      good = false;
    }
  }
  if (!good) return;
  out = std::move(prefixes);
  Declare(PrefixesText(out));
}

Settings Settings::Section(absl::string_view key) {
  read_.emplace_back(key);
  const SettingNode::Entry* entry = Find(key);
  return Settings(PathOf(key), entry == nullptr ? nullptr : &entry->value, log_);
}

std::vector<std::string> Settings::Keys() const {
  std::vector<std::string> keys;
  if (node_ == nullptr) return keys;
  for (const SettingNode::Entry& entry : node_->entries) keys.push_back(entry.key);
  return keys;
}

std::vector<Settings> Settings::SectionList(absl::string_view key) {
  read_.emplace_back(key);
  std::vector<Settings> sections;
  const SettingNode::Entry* entry = Find(key);
  if (entry == nullptr) return sections;
  const SettingNode* node = &entry->value;
  if (node->kind != SettingNode::Kind::kList) {
    Fault(key, absl::StrCat(Found(*node), ", allowed a list of maps ([] for none)"));
    return sections;
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    sections.push_back(Settings(absl::StrCat(PathOf(key), "[", i, "]"), &node->items[i], log_));
  }
  return sections;
}

void Settings::Fault(absl::string_view key, std::string message) {
  if (log_->faults.size() >= kFaultsMax) return;
  const SettingNode::Entry* entry = Find(key);
  SettingPlace place;
  if (entry != nullptr) {
    place = entry->value.place;
  } else if (node_ != nullptr) {
    place = node_->place;
  }
  log_->faults.push_back({place, PathOf(key), std::move(message)});
}

void Settings::Finish() {
  if (node_ == nullptr) return;
  for (const SettingNode::Entry& entry : node_->entries) {
    if (std::find(read_.begin(), read_.end(), entry.key) != read_.end()) continue;
    if (log_->faults.size() >= kFaultsMax) return;
    const std::string hint = DidYouMean(entry.key, read_);
    log_->faults.push_back(
        {entry.place,
         PathOf(absl::CEscape(absl::string_view(entry.key).substr(0, kShownKeyBytesMax))),
         absl::StrCat("unknown key", hint.empty() ? ", " : hint + " ",
                      "known here: ", absl::StrJoin(read_, ", "))});
  }
}

}  // namespace vedette
