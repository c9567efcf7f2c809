// exfil.dns_tunnel: data carried in DNS names and records. Per client and registered domain: many
// distinct long subdomains, or record types that carry data (TXT, NULL, ...) asked for again and
// again under names that differ, as a resolver remembers the answer to the same one; over a minute
// for tools at their usual speed, over an hour with limits of its own for those that take their
// time. Names below a domain that an address list or a content network uses are many as well, but
// short, or numbers, or repeated. What looks files and addresses up by such names on purpose is
// named in lookup_domains. Control thread.
#ifndef VEDETTE_DETECTORS_EXFIL_DNS_TUNNEL_H_
#define VEDETTE_DETECTORS_EXFIL_DNS_TUNNEL_H_

#include <string>
#include <utility>
#include <vector>

#include "dataplane/sketch/distinct_bitmap.h"
#include "detectors/bounded_states.h"
#include "detectors/detector.h"
#include "detectors/exfil/registered_domain.h"

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
    // The same over a longer time: 3 bytes a second are still more than any one site's names.
    double slow_name_bytes_max = 10'000;
    double slow_data_questions_max = 100;
    uint32_t slow_window_s = 3'600;
    // Registered domains whose names are questions about files and mail (antivirus reputation).
    std::vector<std::string> lookup_domains = {"mcafee.com",     "sophosxl.net",
                                               "trendmicro.com", "e5.sk",
                                               "webcfs03.com",   "spameatingmonkey.net"};
    static Config Read(Settings& settings);
  };

  explicit DnsTunnel(const Config& config) : config_(config), states_(kStatesMax) {}
  void Evaluate(const Hot& hot, const IntervalView& view, std::vector<Finding>& findings);
  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("states", states_);
  }

 private:
  static constexpr size_t kStatesMax = 16'384;
  // Resolvers of one client; more that answer without a question seen are reflectors.
  static constexpr size_t kAnswerersMax = 4;
  using Subject = std::pair<std::pair<IpAddress, uint16_t>, std::string>;  // client, vlan; domain
  struct Tally {
    uint64_t begin_us = 0, last_us = 0;
    uint64_t questions = 0, data_questions = 0, answers = 0, data_answers = 0;
    uint64_t name_bytes = 0, distinct_names = 0, longest_name = 0;
    uint64_t data_names = 0;  // distinct ones, asked for or answered with such records
    uint64_t answer_bytes = 0;
    DistinctBitmap<512> names;

    void ForgetNames();
    void Add(const DnsMessage& message, absl::string_view below, uint64_t window_us);
    // The capture may show answers only. Where it shows questions they alone count: anybody can
    // send answers that nobody asked for.
    uint64_t asked() const { return questions != 0 ? questions : answers; }
    uint64_t data_asked() const { return questions != 0 ? data_questions : data_answers; }

    template <typename Io>
    void Keep(Io& io) {
      io("begin_us", begin_us);
      io("last_us", last_us);
      io("questions", questions);
      io("data_questions", data_questions);
      io("answers", answers);
      io("data_answers", data_answers);
      io("name_bytes", name_bytes);
      io("distinct_names", distinct_names);
      io("longest_name", longest_name);
      io("data_names", data_names);
      io("answer_bytes", answer_bytes);
      io("names", names);
    }
  };
  struct State {
    Tally minute, hour;
    IpAddress server;
    std::vector<IpAddress> answerers;               // at most kAnswerersMax + 1
    uint64_t untold_packets = 0, untold_bytes = 0;  // since the last finding

    template <typename Io>
    void Keep(Io& io) {
      io("minute", minute);
      io("hour", hour);
      io("server", server);
      io("answerers", answerers);
      io("untold_packets", untold_packets);
      io("untold_bytes", untold_bytes);
    }
  };
  struct Limits {
    double name_bytes_max, data_questions_max;
  };
  bool IsLookup(absl::string_view domain) const;
  void Count(const DnsMessage& message, uint64_t now_us);
  bool IsTunnel(const State& state, const Tally& tally, const Limits& limits) const;
  static Finding Describe(const Subject& subject, const State& state, const Tally& tally,
                          const Limits& limits, const IntervalView& view);

  Config config_;
  BoundedStates<Subject, State> states_;
  RegisteredDomains domains_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_EXFIL_DNS_TUNNEL_H_
