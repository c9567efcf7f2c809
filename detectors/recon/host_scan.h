// recon.host_scan: one source tries many hosts, by TCP, UDP, ping or ARP, and most do not answer
// (Jung et al. 2004). Counted over minutes. Where a capture shows one direction only, UDP and ICMP
// never are answered: then only what no client does, one service of very many hosts, is a scan.
// Control thread.
#ifndef VEDETTE_DETECTORS_RECON_HOST_SCAN_H_
#define VEDETTE_DETECTORS_RECON_HOST_SCAN_H_

#include <vector>

#include "detectors/bounded_states.h"
#include "detectors/detector.h"
#include "detectors/recon/attempt_memory.h"

namespace vedette {

class HostScan {
 public:
  static constexpr absl::string_view kName = "recon.host_scan";
  using Hot = NoHotState;

  struct Config {
    // Distinct hosts. File sharing talks to more, but over many ports and mostly answered.
    double hosts_max = 15;
    double failed_share_min = 0.6;
    // By ARP alone: a router asks for each address that somebody outside tries.
    double arp_hosts_max = 60;
    // From a source that nobody is seen answering at all.
    double one_way_hosts_max = 250;
    uint32_t window_s = 300;
    static Config Read(Settings& settings);
  };

  explicit HostScan(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);

 private:
  static constexpr size_t kStatesMax = 8'192;
  static constexpr size_t kNewcomersMax = 256;  // of an interval, with a single target
  struct State {
    AttemptMemory ip, arp;
    bool answered = false;  // received anything at all
  };
  void Report(const EndpointKey& source, const AttemptMemory& memory, double limit,
              const IntervalView& view, std::vector<Finding>& findings) const;

  Config config_;
  BoundedStates<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_RECON_HOST_SCAN_H_
