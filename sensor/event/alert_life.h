// From findings, said again in every interval in which they hold, to alerts with a life: one opens,
// is updated while its evidence changes, closes after calm. One attack is one alert per kind and
// device. What another open alert explains is folded into it. Bounded: beyond open_max one summary
// per kind. Owned and called by the control thread; the same findings give the same alerts, in
// whatever order they come.
#ifndef VEDETTE_SENSOR_EVENT_ALERT_LIFE_H_
#define VEDETTE_SENSOR_EVENT_ALERT_LIFE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "detectors/finding.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"
#include "sensor/policy/policy_gate.h"

namespace vedette {

struct AlertLifeConfig {
  uint32_t calm_s = 60;  // without a finding before an alert closes
  uint32_t update_every_s = 10;
  uint32_t open_max = 4'096;  // alerts; further ones go into a summary of their kind
};

class AlertLife {
 public:
  // `policy` null: every finding may open an alert.
  AlertLife(const AlertLifeConfig& config, EventIdentity identity, IdentityOf identify,
            std::shared_ptr<const Policy> policy = nullptr);

  // The findings of one interval; appends what became of the alerts, by kind and device.
  void Observe(std::vector<Finding> findings, uint64_t begin_us, uint64_t end_us,
               std::vector<AlertEvent>& out);
  // Closes all that are open.
  void EndOfSource(std::vector<AlertEvent>& out);

  size_t open() const { return alerts_.size(); }  // summaries included

  // What may open from the next finding on. An open alert that it does not want told is closed
  // with its next finding.
  void SetPolicy(std::shared_ptr<const Policy> policy) { policy_.Set(std::move(policy)); }
  const PolicyGate& policy() const { return policy_; }
  // From the next interval on.
  void Reconfigure(const AlertLifeConfig& config) { config_ = config; }

  // See detectors/keep.h. Who reads it in calls OnRestored.
  template <typename Io>
  void Keep(Io& io) {
    io("alerts", alerts_);
    io("past", past_);
    io("closings", closings_);
    io("forgotten_ms", forgotten_ms_);
  }
  void OnRestored();
  // So many of each alert may have been told since it was written: their ids are not used again.
  void SkipRevisions(int32_t count);
  // The sensor saw nothing for so long: nobody's calm.
  void OnAway(uint64_t away_us);

 private:
  using Key = std::pair<std::string, std::string>;  // kind, device
  struct Alert {
    AlertEvent event;
    Severity severity = Severity::kLow;
    double excess = 0;          // of the finding that gave the evidence: how far over its limit
    uint64_t last_us = 0;       // of the evidence
    uint64_t calm_from_us = 0;  // the same, or later: nobody looked in between
    uint64_t calm_us = 0;
    int64_t told_ms = 0;   // end of the interval of the last open or update
    bool changed = false;  // since then
    bool summary = false;
    uint32_t judged = ~0U;  // by which generation of the policy
    std::optional<Severity> severity_by_policy;
    std::string policy_comment;                  // of the entry that adjusts it
    absl::btree_map<std::string, double> peers;  // weights, bounded
    std::vector<FlowKey> flows;
    std::vector<EndpointKey> subjects;  // whose entries in device_of_ are this alert's

    template <typename Io>
    void Keep(Io& io) {
      io("event", event);
      io("severity", severity);
      io("excess", excess);
      io("last_us", last_us);
      io("calm_from_us", calm_from_us);
      io("calm_us", calm_us);
      io("told_ms", told_ms);
      io("changed", changed);
      io("summary", summary);
      io("peers", peers);
      io("flows", flows);
      io("subjects", subjects);
    }
  };
  using Alerts = absl::btree_map<Key, Alert>;
  struct Known {  // a finding and whom it is about
    Key key;
    DeviceIdentity identity;
    const Finding* finding = nullptr;
    bool explainable = false;  // by another kind
  };
  // When alerts of the past had their last evidence. One kind and device may not begin two lives at
  // one time, or both had one alert_id.
  struct Past {
    int64_t last_ms = 0;
    uint64_t number = 0;  // of its closing

    template <typename Io>
    void Keep(Io& io) {
      io("last_ms", last_ms);
      io("number", number);
    }
  };

  Known Identified(const Finding& finding) const;
  bool IsFolded(const Key& key) const;
  PolicyVerdict Judge(const Known& known);
  uint64_t CalmUs(const Finding& finding) const;
  int64_t StartOf(const Key& key, const Finding& finding) const;
  void Take(const Known& known, int64_t now_ms, std::vector<AlertEvent>& out);
  // False: the policy does not want it told; closes what is open.
  bool MayTell(const Known& known, PolicyVerdict& verdict, std::vector<AlertEvent>& out);
  void Open(const Known& known, bool summary, const PolicyVerdict& verdict, int64_t now_ms,
            std::vector<AlertEvent>& out);
  void Adjust(Alert& alert, const PolicyVerdict& verdict);
  void Absorb(Alert& alert, const Known& known);
  void AbsorbEvidence(Alert& alert, const Known& known);
  void AbsorbPeers(Alert& alert, const Finding& finding);
  void AbsorbFlows(Alert& alert, const Finding& finding);
  void CloseCalm(uint64_t begin_us, uint64_t end_us, std::vector<AlertEvent>& out);
  void CloseFolded(std::vector<AlertEvent>& out);
  void TellChanges(int64_t now_ms, std::vector<AlertEvent>& out);
  Alerts::iterator Close(Alerts::iterator at, std::vector<AlertEvent>& out);
  void Tell(Alert& alert, const char* state, std::vector<AlertEvent>& out);
  void Remember(const Key& key, int64_t last_ms);

  AlertLifeConfig config_;
  EventIdentity identity_;
  IdentityOf identify_;
  PolicyGate policy_;
  Alerts alerts_;
  size_t summaries_ = 0;  // of alerts_
  // A device may be known better while its alert is open; the alert keeps its name.
  absl::btree_map<std::pair<std::string, EndpointKey>, std::string> device_of_;
  absl::btree_map<Key, Past> past_;
  absl::btree_map<uint64_t, Key> past_by_number_;
  uint64_t closings_ = 0;
  int64_t forgotten_ms_ = -1;  // the latest last_ms of those no longer in past_
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EVENT_ALERT_LIFE_H_
