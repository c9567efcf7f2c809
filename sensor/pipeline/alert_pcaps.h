// The first packets behind each alert, as ALERT_ID.pcap: a sink that sits before the others, and
// tapes between the sources and the workers. An alert that opens is given what the tapes of the
// last seconds hold of its device and peers, then what follows, until it has enough, closes, or a
// minute has passed. Bounded: tapes, what is remembered of them, and what is being gathered.
// Control thread, but for the recorders' worker halves. Only made when it is wanted.
#ifndef VEDETTE_SENSOR_PIPELINE_ALERT_PCAPS_H_
#define VEDETTE_SENSOR_PIPELINE_ALERT_PCAPS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "dataplane/worker/recording_source.h"
#include "sensor/pipeline/control.h"
#include "sensor/pipeline/pcap_folder.h"
#include "sensor/policy/alert_pcap_config.h"

namespace vedette {

struct AlertPcapSetup {
  size_t workers = 1;
  KeyedHash hash;
  bool live = false;  // nobody waits for anybody
  std::function<void(const std::string&)> tell;
};

// One end of a packet, in whatever VLAN.
struct PacketEnd {
  IpAddress ip;  // of a MAC the first six bytes
  bool is_mac = false;
  friend bool operator==(const PacketEnd&, const PacketEnd&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const PacketEnd& end) {
    return H::combine(std::move(state), end.ip, end.is_mac);
  }
};

class AlertPcaps final : public EventSink {
 public:
  // `next` outlives it.
  static absl::StatusOr<std::unique_ptr<AlertPcaps>> Open(const AlertPcapConfig& config,
                                                          AlertPcapSetup setup, EventSink& next);

  // Set-up: the source the worker is to poll in place of `source`.
  PacketSource& Taped(size_t worker, PacketSource& source);

  void OnInterval(const IntervalView& view, const IdentityOf& identify) override;
  void OnAlert(const AlertEvent& event) override;
  void OnDevice(const DeviceEvent& event) override { next_.OnDevice(event); }
  void OnFlow(const FlowEvent& event) override { next_.OnFlow(event); }
  void OnHealth(const HealthEvent& event) override { next_.OnHealth(event); }
  void OnTick() override;
  void OnEnd(const IdentityOf& identify) override;

  // Alerts for which there was no room while others were gathered.
  uint64_t passed_over() const { return passed_over_; }
  PcapFolderCounts counts() { return folder_->counts(); }

 private:
  struct Gathering {
    PacketEnd device;
    unsigned prefix_length = 128;
    std::vector<PacketEnd> peers;
    bool any_peer = false;
    std::vector<std::string> flows;  // Community IDs; empty: all between the two
    uint64_t since_us = 0;
    uint64_t opened_second = 0;
    bool fresh = true;  // the past was not searched for it yet
    bool closed = false;
    LinkType link = LinkType::kEthernet;  // of the first packet
    size_t packets = 0;
    std::string records;
    std::vector<const TapedPacket*> found;  // in the second that is being read
  };
  struct Second {
    uint64_t second = 0;
    std::vector<uint64_t> words;
  };
  using Index = absl::flat_hash_map<PacketEnd, std::vector<Gathering*>>;

  AlertPcaps(const AlertPcapConfig& config, AlertPcapSetup setup, EventSink& next,
             std::unique_ptr<PcapFolder> folder);
  static std::optional<PacketEnd> EndOf(const std::string& text);
  void Aim(const AlertEvent& event, Gathering& gathering) const;
  std::vector<Second> TakeTapes();
  void Search(const Second& second, const Index& index, const std::vector<Gathering*>& prefixes);
  void SearchAll(const Second& second, bool fresh_only);
  void Offer(const TapedPacket& packet, Gathering& gathering) const;
  void Keep(Gathering& gathering);
  bool Full(const Gathering& gathering) const;
  void FinishDone();
  void Write(const std::string& id, Gathering& gathering);

  const AlertPcapConfig config_;
  EventSink& next_;
  std::unique_ptr<PcapFolder> folder_;
  std::vector<std::unique_ptr<PacketRecorder>> recorders_;
  std::vector<std::unique_ptr<RecordingSource>> sources_;
  const size_t gathering_max_;  // alerts at one time
  uint64_t second_ = 0;
  absl::btree_map<std::string, Gathering> gathering_;  // by alert id
  std::deque<Second> past_;
  size_t past_words_ = 0;
  uint64_t passed_over_ = 0;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_ALERT_PCAPS_H_
