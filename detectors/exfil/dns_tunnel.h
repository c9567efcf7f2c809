// exfil.dns_tunnel: data carried in DNS names and records. Per client and registered domain, over a
// minute: many distinct long subdomains, or record types that carry data (TXT, NULL, ...) asked for
// again and again. Names below a domain that an address list or a content network uses are many as
// well, but short, or numbers, or asked for by A and AAAA alone. Control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_DNS_TUNNEL_H_
#define VEDETTE_DETECTORS_EXFIL_DNS_TUNNEL_H_

#include <string>
#include <utility>
#include <vector>

#include "dataplane/sketch/distinct_bitmap.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"

namespace vedette {

class DnsTunnel {
 public:
  static constexpr absl::string_view kName = "exfil.dns_tunnel";
  using Hot = NoHotState;

  struct Config {
    // Bytes of distinct names left of the registered domain, of one client within the window. A web
    // page with a hundred host names carries 2 kB; a tunnel's slowest mode passes this in seconds.
    double name_bytes_max = 2'000;
    // Of such names on average; content networks and trackers stay below.
    double name_length_min = 28;
    // Questions for record types that carry data, to one domain.
    double data_questions_max = 8;
    uint32_t window_s = 60;
    static Config Read(Settings& settings);
  };

  explicit DnsTunnel(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);

 private:
  static constexpr size_t kStatesMax = 16'384;
  using Subject = std::pair<std::pair<IpAddress, uint16_t>, std::string>;  // client, vlan; domain
  struct State {
    uint64_t begin_us = 0, last_us = 0;
    uint64_t questions = 0, data_questions = 0, answers = 0;
    uint64_t name_bytes = 0, distinct_names = 0, longest_name = 0;
    uint64_t answer_bytes = 0;
    DistinctBitmap<512> names;
    IpAddress server;
    bool alarmed = false;
  };
  void Count(const DnsMessage& message, uint64_t now_us);
  bool IsTunnel(const State& state) const;

  Config config_;
  BoundedStates<Subject, State> states_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_DNS_TUNNEL_H_
