#include <algorithm>

#include "absl/strings/match.h"
#include "dataplane/decode/address_text.h"
#include "sensor/command/explain_event.h"
#include "sensor/config/policy_settings.h"
#include "sensor/event/text_safety.h"
#include "tests/fuzz/fuzz_targets.h"

namespace vedette {
namespace {

PolicyEnd End(const char* ip, bool home) {
  return {.ip = *ParseIp(ip), .mac = "00:1b:21:aa:bb:cc", .name = "tv", .home = home};
}

// Whatever was read: a verdict is one of the entries, and the best that fits and has not expired.
void CheckVerdicts(const Policy& policy) {
  const PolicyEnd inside = End("10.0.0.5", true), outside = End("2001:db8::1", false);
  for (const char* kind : {"recon.port_scan", "exfil.volume", "dos.syn_flood"}) {
    for (const Role role : {Role::kActor, Role::kTarget}) {
      const PolicyCase asked{.kind = kind,
                             .role = role,
                             .device = inside,
                             .peers = {{outside, 1}},
                             .peer_count = 1,
                             .measured = 2,
                             .limit = 1,
                             .at_us = 1'800'000'000'000'000};
      const bool actor = role == Role::kActor;
      const std::vector<Policy::Fit> fits =
          policy.Fits(kind, actor ? &inside : &outside, actor ? &outside : &inside);
      Require(std::is_sorted(fits.begin(), fits.end(),
                             [](const auto& a, const auto& b) { return a.rank > b.rank; }));
      const auto live = std::find_if(fits.begin(), fits.end(), [&](const Policy::Fit& fit) {
        return !policy.entry(fit.entry).expired(asked.at_us);
      });
      const PolicyVerdict verdict = policy.Judge(asked);
      Require(verdict.entry.has_value() == (live != fits.end()));
      if (verdict.entry.has_value()) Require(*verdict.entry == live->entry);
    }
  }
  policy.EntriesOf(inside);
  policy.GroupsOf(inside);
}

}  // namespace

// A policy file, or an alert's JSON, from its bytes on.
void FuzzPolicy(FuzzInput input) {
  const std::string text(input.begin(), input.end());
  if (const auto alerts = FindAlerts(text, ""); alerts.ok()) {
    static const ConfigReading kDefaults = ReadConfigText("", "built-in defaults", "");
    for (const AlertEvent& alert : *alerts) {
      const std::string said = TextOf(ExplainEvent(alert, kDefaults, "", 1));
      Require(!absl::StrContains(said, "\x1b"));
    }
  }
  if (absl::StrContains(text, "members_file")) return;  // of this machine
  PolicyReader reader;
  reader.ReadText(text, "p.yaml", "/nonexistent");
  const PolicyDefinition definition = reader.Finish();
  for (const std::string& fault : reader.faults()) {
    Require(!fault.empty() && Printable(fault, fault.size()) == fault);
  }
  if (!reader.faults().empty()) return;  // as the program: nothing of it is used
  CheckVerdicts(Policy(definition));
}

std::vector<std::string> PolicySeeds() {
  return {
      "groups:\n  - {name: a, members: [10.0.0.0/8, 2001:db8::/32, 00:1b:21:aa:bb:cc, name/TV]}\n"
      "entries:\n  - {effect: allow, kinds: [recon.*], source: group/a, comment: x}\n",
      "entries:\n  - effect: suppress\n    kinds: [dos.syn_flood, all]\n    source: outside\n"
      "    target: home\n    until: 2030-01-01\n    comment: x\n",
      "entries:\n  - {effect: adjust, kinds: [all], host: any, severity: low, limit_factor: 1.5, "
      "comment: x}\n  - {effect: adjust, kinds: [all], host: 0.0.0.0/0, severity: high, comment: "
      "x}\n",
      "entries:\n  - {effect: allow, kinds: [exfil.*], target: '::/0', until: "
      "'2001-01-01T00:00:00Z', comment: x}\n",
      "{\"type\":\"alert\",\"kind\":\"recon.port_scan\",\"device_ip\":\"10.0.0.5\",\"peers\":["
      "\"10.0.0.7\"],\"peer_count\":1,\"evidence\":{\"measured\":5,\"detail\":{\"a\":\"b\"}}}\n",
  };
}

}  // namespace vedette
