#include "detectors/exfil/sensitive_content.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "detectors/finding_text.h"

namespace vedette {
namespace {

Severity SeverityOf(absl::string_view text) {
  if (text == "critical") return Severity::kCritical;
  if (text == "high") return Severity::kHigh;
  return text == "low" ? Severity::kLow : Severity::kMedium;
}

// The first that were found; as many as make a line.
std::string HmacsText(const std::vector<uint64_t>& hmacs) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < std::min(hmacs.size(), kShown); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : " ", absl::Hex(hmacs[i], absl::kZeroPad16));
  }
  return text;
}

}  // namespace

SensitiveContent::Config SensitiveContent::Config::Read(Settings& settings) {
  Config config;
  settings.Number("minimum_factor", {.min = 0.01, .max = 1'000}, config.minimum_factor);
  return config;
}

void SensitiveContent::Evaluate(const Hot&, const IntervalView& view,
                                std::vector<Finding>& findings) {
  for (size_t i = 0; i < view.matches.size(); ++i) {
    const ContentMatch& match = view.matches[i];
    if (match.pattern >= view.patterns.size()) continue;
    const Subject subject{match.device, match.destination, view.patterns[match.pattern].name};
    State& state = states_.Touch(subject, view.begin_us);
    if (state.start_us == 0) state.start_us = match.arrival_us;
    ++state.matches;
    state.last_offset_bytes = match.offset_bytes;
    state.port = match.port;
    state.flow = match.flow;
    if (state.digests.size() < kDigestsKept && std::find(state.digests.begin(), state.digests.end(),
                                                         match.digest) == state.digests.end()) {
      state.digests.push_back(match.digest);
    }
    Report(subject, state, match, view, findings);
  }
}

void SensitiveContent::Report(const Subject& subject, const State& state, const ContentMatch& match,
                              const IntervalView& view, std::vector<Finding>& findings) const {
  const PatternLabel& pattern = view.patterns[match.pattern];
  const double minimum = std::max(1.0, pattern.minimum * config_.minimum_factor);
  const auto distinct = static_cast<double>(state.digests.size());
  if (distinct < minimum) return;
  // Of one interval the last word is enough.
  std::erase_if(findings, [&](const Finding& other) {
    return other.kind == kName && other.subject == match.device &&
           other.peers.front().endpoint.ip == match.destination &&
           other.detail.front().second == pattern.name;
  });
  Finding finding{.kind = kName, .subject = match.device, .role = Role::kActor};
  finding.severity = SeverityOf(pattern.severity);
  finding.score = std::min(1.0, 0.7 + 0.05 * distinct);
  finding.start_us = state.start_us;
  finding.last_us = match.arrival_us;
  finding.service = ServiceText(match.flow.protocol, match.port);
  finding.peers = {{{.ip = std::get<1>(subject), .vlan = match.device.vlan}, distinct}};
  finding.peer_count = 1;
  finding.packets = 1;
  finding.measured = distinct;
  finding.limit = minimum;
  finding.unit = "distinct matches";
  finding.window_ms = (view.end_us - state.start_us) / 1'000;
  finding.flows = {match.flow};
  finding.message = absl::StrCat(
      "sent ", CountText(state.digests.size()),
      state.digests.size() == 1 ? " match of " : " different matches of ", pattern.name,
      " in clear text out of the network (", CountText(static_cast<uint64_t>(std::ceil(minimum))),
      minimum > 1 ? " are" : " is", " enough)");
  finding.detail = {{"pattern", pattern.name},
                    {"matches", absl::StrCat(state.matches)},
                    {"offset_bytes", absl::StrCat(state.last_offset_bytes)}};
  if (view.digests_are_hmacs) finding.detail.emplace_back("hmacs", HmacsText(state.digests));
  findings.push_back(std::move(finding));
}

}  // namespace vedette
