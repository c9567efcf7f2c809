// Gathers a report while a capture is read: bounded memory however long the capture, however many
// its addresses and alerts. An EventSink's callbacks feed it on the control thread.
#ifndef VEDETTE_SENSOR_REPORT_REPORT_GATHERER_H_
#define VEDETTE_SENSOR_REPORT_REPORT_GATHERER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "detectors/interval_view.h"
#include "sensor/event/events.h"
#include "sensor/merge/device_identity.h"
#include "sensor/report/heaviest.h"
#include "sensor/report/report_data.h"

namespace vedette {

class ReportGatherer {
 public:
  static constexpr size_t kTalkersKept = 4'096, kPairsKept = 4'096;
  static constexpr size_t kAlertsMax = 1'000;
  static constexpr size_t kShownMax = 15;  // talkers, destinations

  void OnInterval(const IntervalView& view);
  void OnAlert(const AlertEvent& event);
  void OnHealth(const HealthEvent& event);
  // Names the heaviest as they are known now. Everything but input, version, sensor and
  // tables_refused is set.
  ReportData Finish(const IdentityOf& identify);

  // Entries held, for the test of the bound.
  size_t held() const { return talkers_.size() + pairs_.size() + alerts_.size(); }

 private:
  struct KeyHasher {
    size_t operator()(const EndpointKey& key) const;
    size_t operator()(const std::pair<EndpointKey, IpAddress>& pair) const;
  };
  struct PairSums {
    uint64_t packets = 0;
  };
  using Talkers = Heaviest<EndpointKey, TrafficSums, KeyHasher>;
  using Pairs = Heaviest<std::pair<EndpointKey, IpAddress>, PairSums, KeyHasher>;

  void FinishTalkers(const IdentityOf& identify);
  void FinishDestinations(const IdentityOf& identify);
  void FinishAlerts();
  void KeepWorstAlerts();

  ReportData data_;
  Talkers talkers_{kTalkersKept};
  Pairs pairs_{kPairsKept};
  absl::btree_map<std::string, AlertEvent> alerts_;  // by alert_id, as last told
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_REPORT_GATHERER_H_
