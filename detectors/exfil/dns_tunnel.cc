#include "detectors/exfil/dns_tunnel.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

// CNAME, NULL, MX, TXT, KEY and a private type: what tunnels ask for (iodine, dnscat2, dns2tcp,
// OzymanDNS), as their answers hold free text. Not SRV: directories ask for it all day.
bool CarriesData(uint16_t type) {
  constexpr uint16_t kTypes[] = {5, 10, 15, 16, 25, 65'399};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

// Reverse lookups and block lists spell addresses; a label of digits carries next to nothing.
bool SpellsAddress(absl::string_view name, absl::string_view below) {
  if (absl::EndsWith(name, ".in-addr.arpa") || absl::EndsWith(name, ".ip6.arpa")) return true;
  constexpr size_t kAddressLengthMax = 18;
  return !below.empty() && below.size() <= kAddressLengthMax &&
         std::all_of(below.begin(), below.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.' || c == '-';
         });
}

// SplitMix64's finish over a byte hash that is the same in every process.
KeyHash NameHash(absl::string_view name) {
  uint64_t x = 0xcbf29ce484222325;
  for (const char c : name) x = (x ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return {x ^ (x >> 31)};
}

}  // namespace

DnsTunnel::Config DnsTunnel::Config::Read(Settings& settings) {
  Config config;
  settings.Number("name_bytes_max", {.min = 100, .max = 1e9}, config.name_bytes_max);
  settings.Number("name_length_min", {.min = 4, .max = 250}, config.name_length_min);
  settings.Number("data_questions_max", {.min = 1, .max = 1e6}, config.data_questions_max);
  settings.Integer("window_s", 10, 3'600, config.window_s);
  settings.Number("slow_name_bytes_max", {.min = 100, .max = 1e9}, config.slow_name_bytes_max);
  settings.Number("slow_data_questions_max", {.min = 1, .max = 1e6},
                  config.slow_data_questions_max);
  settings.Integer("slow_window_s", 60, 86'400, config.slow_window_s);
  settings.TextList("lookup_domains", config.lookup_domains);
  return config;
}

bool DnsTunnel::IsLookup(absl::string_view domain) const {
  return std::find(config_.lookup_domains.begin(), config_.lookup_domains.end(), domain) !=
         config_.lookup_domains.end();
}

void DnsTunnel::Tally::ForgetNames() {
  names.Clear();
  name_bytes = distinct_names = longest_name = data_names = 0;
}

void DnsTunnel::Tally::Add(const DnsMessage& message, absl::string_view below, uint64_t window_us) {
  if (begin_us == 0 || message.arrival_us >= begin_us + window_us) {
    *this = {};
    begin_us = message.arrival_us;
  }
  last_us = message.arrival_us;
  const bool data_type = CarriesData(message.type);
  if (message.is_response) {
    ++answers;
    data_answers += data_type;
    answer_bytes += message.answer_bytes;
    if (questions != 0) return;
  } else {
    if (questions++ == 0) ForgetNames();
    data_questions += data_type;
  }
  const size_t before = names.set_bits();
  names.Add(NameHash(below));
  // A full bitmap knows no new names any more; by then the sums say enough.
  if (names.set_bits() == before) return;
  ++distinct_names;
  data_names += data_type;
  name_bytes += below.size();
  longest_name = std::max<uint64_t>(longest_name, below.size());
}

void DnsTunnel::Count(const DnsMessage& message, uint64_t now_us) {
  constexpr size_t kShortName = 12;  // carries nothing that is worth a state
  const absl::string_view name(message.name.data(), message.name_length);
  const absl::string_view domain = domains_.Of(name);
  const absl::string_view below = domain.empty() ? name
                                  : name.size() > domain.size() + 1
                                      ? name.substr(0, name.size() - domain.size() - 1)
                                      : absl::string_view();
  if (SpellsAddress(name, below) || IsLookup(domain)) return;
  if (below.size() < kShortName && !CarriesData(message.type)) return;
  State& state = states_.Touch({{message.client, message.vlan}, std::string(domain)}, now_us);
  state.server = message.server;
  if (message.is_response && state.answerers.size() <= kAnswerersMax &&
      std::find(state.answerers.begin(), state.answerers.end(), message.server) ==
          state.answerers.end()) {
    state.answerers.push_back(message.server);
  }
  ++state.untold_packets;
  state.untold_bytes += message.message_bytes;
  state.minute.Add(message, below, config_.window_s * uint64_t{1'000'000});
  state.hour.Add(message, below, config_.slow_window_s * uint64_t{1'000'000});
}

bool DnsTunnel::IsTunnel(const State& state, const Tally& tally, const Limits& limits) const {
  constexpr uint64_t kNamesMin = 8;
  constexpr uint64_t kNamesCountable = 256;  // the bitmap tells so many apart
  if (tally.distinct_names == 0) return false;
  if (tally.questions == 0 && state.answerers.size() > kAnswerersMax) return false;
  const auto bytes = static_cast<double>(tally.name_bytes);
  const double length = bytes / static_cast<double>(tally.distinct_names);
  const bool names_carry = bytes > limits.name_bytes_max && length >= config_.name_length_min &&
                           tally.distinct_names >= kNamesMin;
  const bool records_carry = static_cast<double>(tally.data_asked()) > limits.data_questions_max &&
                             2 * tally.data_asked() > tally.asked() &&
                             2 * tally.data_names >= std::min(tally.data_asked(), kNamesCountable);
  return names_carry || records_carry;
}

void DnsTunnel::Evaluate(const Hot&, const IntervalView& view, std::vector<Finding>& findings) {
  if (view.dns.empty()) return;
  for (const DnsMessage& message : view.dns) Count(message, view.begin_us);
  const Limits minute{config_.name_bytes_max, config_.data_questions_max};
  const Limits hour{config_.slow_name_bytes_max, config_.slow_data_questions_max};
  const uint64_t kept_us = std::max(config_.slow_window_s, config_.window_s) * uint64_t{1'000'000};
  states_.Each([&](const Subject& subject, State& state, uint64_t touched_us) {
    if (touched_us < view.begin_us) return touched_us + kept_us > view.begin_us;
    const bool fast = IsTunnel(state, state.minute, minute);
    if (!fast && !IsTunnel(state, state.hour, hour)) return true;
    findings.push_back(
        Describe(subject, state, fast ? state.minute : state.hour, fast ? minute : hour, view));
    state.untold_packets = state.untold_bytes = 0;
    return true;
  });
}

Finding DnsTunnel::Describe(const Subject& subject, const State& state, const Tally& tally,
                            const Limits& limits, const IntervalView& view) {
  const auto& [client, domain] = subject;
  const bool by_names = static_cast<double>(tally.name_bytes) > limits.name_bytes_max;
  Finding finding{
      .kind = kName, .subject = {.ip = client.first, .vlan = client.second}, .role = Role::kActor};
  finding.severity = Severity::kHigh;
  finding.measured = static_cast<double>(by_names ? tally.name_bytes : tally.data_asked());
  finding.limit = by_names ? limits.name_bytes_max : limits.data_questions_max;
  finding.unit = by_names ? "bytes in names" : "questions for data";
  finding.score = std::min(1.0, 0.5 + 0.1 * finding.measured / finding.limit);
  finding.start_us = tally.begin_us;
  finding.last_us = tally.last_us;
  finding.service = "udp/53";
  finding.peers = {{{.ip = state.server, .vlan = client.second},
                    static_cast<double>(tally.questions + tally.answers)}};
  finding.peer_count = 1;
  finding.packets = state.untold_packets;
  finding.bytes = state.untold_bytes;
  finding.window_ms = (view.end_us - tally.begin_us) / 1'000;
  finding.message =
      absl::StrCat("asked for ", CountText(tally.distinct_names), " names under ",
                   domain.empty() ? "no registered" : "one", " domain in ",
                   DurationText(view.end_us - tally.begin_us), ", ", BytesText(tally.name_bytes),
                   " in the names (limit ", BytesText(static_cast<uint64_t>(limits.name_bytes_max)),
                   "), ", CountText(tally.data_asked()), " of ", CountText(tally.asked()),
                   " questions for records that carry data (limit ",
                   CountText(static_cast<uint64_t>(limits.data_questions_max)), ")");
  finding.detail = {{"domain", domain},
                    {"names", absl::StrCat(tally.distinct_names)},
                    {"longest_name", absl::StrCat(tally.longest_name)},
                    {"answer_bytes", absl::StrCat(tally.answer_bytes)}};
  return finding;
}

}  // namespace vedette
