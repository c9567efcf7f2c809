#include "sensor/config/yaml_file.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

constexpr size_t kMessageBytesMax = 2'048;  // the names of all keys that are known where one is not

SettingPlace PlaceOf(const YAML::Mark& mark) {
  return mark.is_null() ? SettingPlace{} : SettingPlace{mark.line + 1, mark.column + 1};
}

// Builds the tree bottom-up from the parser's events.
class NodeBuilder : public YAML::EventHandler {
 public:
  NodeBuilder(absl::string_view text, YamlFile& file) : text_(text), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2)
      Fault(PlaceOf(mark),
            "a second document ('---') or a stray comma or bracket, allowed one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Add({.kind = SettingNode::Kind::kScalar, .place = PlaceOf(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Fault(PlaceOf(mark), "an alias (*name) is not supported: write the value out");
    Add({.kind = SettingNode::Kind::kScalar, .place = PlaceOf(mark)});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    CheckQuotes(mark);
    Add({.kind = SettingNode::Kind::kScalar,
         .place = PlaceOf(mark),
         .scalar = value,
         .quoted = tag == "!"});  // yaml-cpp's tag of every scalar that is not plain
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Push(SettingNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { Pop(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Push(SettingNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { Pop(); }

 private:
  struct Frame {
    SettingNode node;
    std::optional<SettingNode::Entry> key;  // of the map, waiting for its value
    absl::flat_hash_map<std::string, SettingPlace> keys;
  };

  void Push(SettingNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (frames_.size() == kYamlDepthMax) {
      Fault(PlaceOf(mark), absl::StrCat("nested deeper than ", kYamlDepthMax, " levels"));
    }
    frames_.push_back({.node = {.kind = kind, .place = PlaceOf(mark)}});
  }

  void Pop() {
    SettingNode node = std::move(frames_.back().node);
    frames_.pop_back();
    Add(std::move(node));
  }

  void Add(SettingNode node) {
    if (frames_.empty()) {
      if (documents_ == 1) file_.root = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == SettingNode::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = KeyOf(frame, node);
    } else {
      frame.key->value = std::move(node);
      frame.node.entries.push_back(*std::exchange(frame.key, std::nullopt));
    }
  }

  SettingNode::Entry KeyOf(Frame& frame, const SettingNode& node) {
    if (node.kind != SettingNode::Kind::kScalar || node.scalar.empty()) {
      Fault(node.place, "a key must be a text");
    } else if (const auto [first, fresh] = frame.keys.emplace(node.scalar, node.place); !fresh) {
      Fault(node.place, absl::StrCat("the key '", absl::CEscape(node.scalar),
                                     "' stands here twice, first in line ", first->second.line));
    }
    return {.key = node.scalar, .place = node.place, .value = {}};
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Fault(PlaceOf(mark), "an anchor (&name) is not supported: remove it");
  }
  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Fault(PlaceOf(mark), absl::StrCat("the tag '", absl::CEscape(tag), "' is not supported"));
  }
  // yaml-cpp takes a quote that is never closed for closed at the end of the file: the keys it
  // swallows would silently keep their defaults.
  void CheckQuotes(const YAML::Mark& mark) {
    const absl::string_view rest = text_.substr(std::min<size_t>(mark.pos, text_.size()));
    const char quote = rest.empty() ? '\0' : rest.front();
    if (quote != '"' && quote != '\'') return;
    for (size_t at = 1; at < rest.size() && rest[at] != '\n'; ++at) {
      if (rest[at] == quote) return;
      if (rest[at] == '\\' && quote == '"') ++at;
    }
    Fault(PlaceOf(mark), "a quote is opened here and not closed in the same line");
  }
  void Fault(SettingPlace place, std::string message) {
    if (file_.faults.size() < kFaultsMax) file_.faults.push_back({place, "", std::move(message)});
  }

  absl::string_view text_;
  YamlFile& file_;
  std::vector<Frame> frames_;
  int documents_ = 0;
};

// Bytes of the UTF-8 sequence at the front of `text`; 0: none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&text](size_t at) { return static_cast<uint8_t>(text[at]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const uint8_t second = byte(1);
  const bool bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                   (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

// Said of the bytes before the parser sees them: its own words for these are no help.
void CheckBytes(absl::string_view text, std::vector<SettingFault>& faults) {
  SettingPlace place{1, 1};
  bool indentation = true;
  for (size_t at = 0; at < text.size() && faults.size() < kFaultsMax;) {
    const size_t length = Utf8Length(text.substr(at));
    const char c = text[at];
    if (length == 0) {
      faults.push_back({place, "", "the file is not UTF-8 here: save it as UTF-8"});
      return;  // whatever follows would be misread
    }
    if (c == '\t' && indentation) {
      faults.push_back({place, "", "a tab in the indentation, allowed spaces alone"});
    } else if (static_cast<uint8_t>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') {
      faults.push_back({place, "", "a control character, allowed printable text alone"});
    }
    at += length;
    indentation = c == '\n' || (indentation && c == ' ');
    place =
        c == '\n' ? SettingPlace{place.line + 1, 1} : SettingPlace{place.line, place.column + 1};
  }
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t bytes_max) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory, wanted a file"));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot open"));
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot read"));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": larger than ", bytes_max, " bytes, the most that is read"));
  }
  return text;
}

YamlFile ParseYaml(absl::string_view text) {
  YamlFile file;
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");  // a byte order mark
  CheckBytes(text, file.faults);
  if (!file.faults.empty()) return file;
  NodeBuilder builder(text, file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    // No third: at ",]" yaml-cpp 0.7 yields empty documents for ever.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& e) {
    file.faults.push_back({PlaceOf(e.mark), "", absl::StrCat("not YAML: ", e.msg)});
  }
  return file;
}

std::string FaultText(const std::string& name, const SettingFault& fault) {
  std::string text = name;
  if (fault.place.line > 0) {
    absl::StrAppend(&text, ":", fault.place.line, ":", fault.place.column);
  }
  if (!fault.path.empty()) absl::StrAppend(&text, ": ", Printable(fault.path));
  // The parser's own words hold bytes of the file as they are.
  return absl::StrCat(text, ": ", Printable(fault.message, kMessageBytesMax));
}

}  // namespace vedette
