// recon.port_scan: one source tries many ports (or IP protocols) of one target, and most attempts
// fail: scanning is guessing, use is not (Jung, Paxson, Berger, Balakrishnan 2004). Distinct ports
// are counted over minutes, and over hours for slow scans with a limit of its own. Packets that no
// stack opens with (bare ACK, FIN, NULL, XMAS) need fewer ports, those that no stack sends at all
// fewer still. Control thread.
#ifndef VEDETTE_DETECTORS_RECON_PORT_SCAN_H_
#define VEDETTE_DETECTORS_RECON_PORT_SCAN_H_

#include <utility>
#include <vector>

#include "detectors/detector.h"
#include "detectors/recon/attempt_memory.h"

namespace vedette {

class PortScan {
 public:
  static constexpr absl::string_view kName = "recon.port_scan";
  using Hot = NoHotState;

  struct Config {
    // Distinct ports of one target. Programs that look for a service try a handful.
    double ports_max = 12;
    // Of attempts that nobody accepted; file sharing and old FTP open many ports that answer.
    double failed_share_min = 0.5;
    // Packets that open nothing (bare ACK, FIN, NULL, XMAS) to distinct ports.
    double probe_ports_max = 6;
    // Packets no stack sends (NULL, XMAS, FIN without ACK); one may be a bit flipped on the way.
    double stealth_packets_max = 2;
    uint32_t window_s = 600;
    // For scans of a port every few minutes: more ports, as programs try again for hours as well.
    double slow_ports_max = 24;
    double slow_failed_share_min = 0.8;
    uint32_t slow_window_s = 14'400;
    static Config Read(Settings& settings);
  };

  explicit PortScan(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    states_.Keep(io);
  }

 private:
  static constexpr size_t kStatesMax = 32'768;
  static constexpr size_t kNewcomersMax = 512;  // of an interval, with a single attempt
  // Sources, each with so many ports of one target in one interval: more than one scan's decoys.
  static constexpr size_t kCrowd = 16;
  static constexpr double kSprayedPorts = 4;
  static std::vector<IpAddress> Crowded(const IntervalView& view);
  using Pair = std::pair<EndpointKey, IpAddress>;
  struct State {
    AttemptMemory fast, slow;
    uint64_t stealth = 0;  // packets, while `fast` lasts

    template <typename Io>
    void Keep(Io& io) {
      io("fast", fast);
      io("slow", slow);
      io("stealth", stealth);
    }
  };
  struct Verdict {
    const AttemptMemory* memory = nullptr;  // null: no scan
    double limit = 0;
  };
  Verdict Judge(const State& state) const;
  static Finding Describe(const AttemptPair& attempt, const State& state, const Verdict& verdict,
                          const IntervalView& view);

  Config config_;
  ScanMemory<Pair, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_RECON_PORT_SCAN_H_
