#include "sensor/merge/feature_vector.h"

#include <cmath>

namespace vedette {
namespace {

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }
double Log2OfCount(double count) { return std::log2(1 + count); }

}  // namespace

FeatureVector FeaturesOf(const FeatureInputs& inputs) {
  const EndpointCounters& c = inputs.counters;
  const auto number = [](uint64_t count) { return static_cast<double>(count); };
  const auto rate = [&](uint64_t count) { return Share(number(count), inputs.window_s); };
  const double packets = number(c.packets_in + c.packets_out);
  const double opened = number(c.flows_opened);
  return {
      rate(c.packets_out),
      rate(c.packets_in),
      rate(c.bytes_out),
      rate(c.bytes_in),
      rate(c.egress_bytes),
      Share(number(c.egress_bytes), number(c.bytes_out)),
      std::log2((1 + number(c.bytes_out)) / (1 + number(c.bytes_in))),
      Share(number(c.bytes_out), number(c.packets_out)),
      Share(number(c.bytes_in), number(c.packets_in)),
      Share(number(c.tcp_packets), packets),
      Share(number(c.udp_packets), packets),
      Share(number(c.icmp_packets), packets),
      rate(c.flows_opened),
      // Counted when the flow ends, so in a later window than its beginning at times.
      std::fmin(1,
                Share(number(c.flows_unanswered), std::fmax(opened, number(c.flows_unanswered)))),
      std::fmin(1, Share(number(c.flows_refused), std::fmax(opened, number(c.flows_refused)))),
      Share(number(c.syn_in + c.syn_out), number(c.tcp_packets)),
      Log2OfCount(inputs.peers),
      Log2OfCount(inputs.destinations),
      Log2OfCount(inputs.ports),
      rate(c.dns_queries),
      Share(number(c.dns_nxdomain), number(c.dns_answers)),
      Share(number(c.malformed_packets), number(c.packets_out)),
      Share(number(inputs.active_seconds), inputs.window_s),
      Share(number(inputs.top_destination_bytes), number(c.egress_bytes)),
  };
}

}  // namespace vedette
