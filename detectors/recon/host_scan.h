// recon.host_scan: one source tries many hosts, by TCP, UDP, ping or ARP, and many do not answer
// (Jung et al. 2004). Counted over minutes, and over hours for slow scans with a limit of its own.
// A scan asks many hosts for few services; file sharing asks about as many hosts as services, each
// on a port of its own, and is none. Where a capture shows one direction only, UDP and ICMP never
// are answered: then only what no client does, one service of very many hosts, is a scan. Control
// thread.
#ifndef VEDETTE_DETECTORS_RECON_HOST_SCAN_H_
#define VEDETTE_DETECTORS_RECON_HOST_SCAN_H_

#include <vector>

#include "detectors/detector.h"
#include "detectors/recon/attempt_memory.h"

namespace vedette {

class HostScan {
 public:
  static constexpr absl::string_view kName = "recon.host_scan";
  using Hot = NoHotState;

  struct Config {
    // Distinct hosts; beyond what anybody reaches who mistypes or finds a server down.
    double hosts_max = 15;
    double failed_share_min = 0.6;
    // Of pings: who watches hosts pings those that are there.
    double ping_failed_share_min = 0.4;
    // By ARP alone: a router asks for each address that somebody outside tries.
    double arp_hosts_max = 60;
    // From a source that nobody is seen answering at all: of one service, of several.
    double one_way_service_hosts_max = 24;
    double one_way_hosts_max = 250;
    uint32_t window_s = 300;
    // For scans of a host every few minutes.
    double slow_hosts_max = 40;
    double slow_failed_share_min = 0.8;
    uint32_t slow_window_s = 14'400;
    static Config Read(Settings& settings);
  };

  explicit HostScan(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    states_.Keep(io);
  }

 private:
  static constexpr size_t kStatesMax = 8'192;
  static constexpr size_t kNewcomersMax = 256;  // of an interval, with a single target
  struct Memory : AttemptMemory {
    DistinctBitmap<512> services;

    template <typename Io>
    void Keep(Io& io) {
      AttemptMemory::Keep(io);
      io("services", services);
    }
  };
  struct State {
    Memory ip, slow;  // of everything but ARP
    AttemptMemory arp;
    bool answered = false;  // received anything at all

    template <typename Io>
    void Keep(Io& io) {
      io("ip", ip);
      io("slow", slow);
      io("arp", arp);
      io("answered", answered);
    }
  };
  using Attempts = absl::Span<const AttemptPair>;  // of one source
  // What was tried now: .ip, .arp.
  struct Tried {
    bool ip = false, arp = false;
  };
  Tried Add(Attempts attempts, uint64_t now_us, State& state) const;
  double IpLimit(const State& state) const;
  void Judge(Attempts attempts, const Tried& tried, const State& state, const IntervalView& view,
             std::vector<Finding>& findings) const;
  static bool LooksLikeFileSharing(const Memory& memory);
  static Finding Describe(Attempts attempts, const AttemptMemory& memory, double limit,
                          const IntervalView& view);

  Config config_;
  ScanMemory<EndpointKey, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_RECON_HOST_SCAN_H_
