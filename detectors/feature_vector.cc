#include "detectors/feature_vector.h"

#include <cmath>

namespace vedette {
namespace {

double Share(double part, double whole) { return whole > 0 ? part / whole : 0; }
// Of flows whose end is counted: in a later window than their beginning at times.
double ShareOfOpened(double ended, double opened) { return Share(ended, std::fmax(opened, ended)); }
double Log2OfCount(double count) { return std::log2(1 + count); }

// One line a feature, name and value side by side, so that they cannot part.
// clang-format off
#define VEDETTE_FEATURES(X)                                                                 \
  X(packets_out_rate, rate(c.packets_out))                                                  \
  X(packets_in_rate, rate(c.packets_in))                                                    \
  X(bytes_out_rate, rate(c.bytes_out))                                                      \
  X(bytes_in_rate, rate(c.bytes_in))                                                        \
  X(egress_bytes_rate, rate(c.egress_bytes))                                                \
  X(egress_share, Share(number(c.egress_bytes), number(c.bytes_out)))                       \
  X(out_in_log2_ratio, std::log2((1 + number(c.bytes_out)) / (1 + number(c.bytes_in))))     \
  X(packet_bytes_out_mean, Share(number(c.bytes_out), number(c.packets_out)))               \
  X(packet_bytes_in_mean, Share(number(c.bytes_in), number(c.packets_in)))                  \
  X(tcp_share, Share(number(c.tcp_packets), packets))                                       \
  X(udp_share, Share(number(c.udp_packets), packets))                                       \
  X(icmp_share, Share(number(c.icmp_packets), packets))                                     \
  X(flows_opened_rate, rate(c.flows_opened))                                                \
  X(unanswered_share, ShareOfOpened(number(c.flows_unanswered), number(c.flows_opened)))    \
  X(refused_share, ShareOfOpened(number(c.flows_refused), number(c.flows_opened)))          \
  X(syn_share, Share(number(c.syn_in + c.syn_out), number(c.tcp_packets)))                  \
  X(peers_log2, Log2OfCount(inputs.peers))                                                  \
  X(destinations_log2, Log2OfCount(inputs.destinations))                                    \
  X(ports_log2, Log2OfCount(inputs.ports))                                                  \
  X(dns_queries_rate, rate(c.dns_queries))                                                  \
  X(dns_nxdomain_share, Share(number(c.dns_nxdomain), number(c.dns_answers)))               \
  X(malformed_share, Share(number(c.malformed_packets), number(c.packets_out)))             \
  X(active_seconds_share, Share(number(inputs.active_seconds), inputs.window_s))            \
  X(top_destination_share, Share(number(inputs.top_destination_bytes), number(c.egress_bytes)))
// clang-format on

}  // namespace

#define X(name, value) absl::string_view(#name),
constexpr std::array<absl::string_view, kFeatureCount> kFeatureNames = {VEDETTE_FEATURES(X)};
#undef X
static_assert(!kFeatureNames.back().empty(), "one line for each of kFeatureCount");

FeatureVector FeaturesOf(const FeatureInputs& inputs) {
  const EndpointCounters& c = inputs.counters;
  const auto number = [](uint64_t count) { return static_cast<double>(count); };
  const auto rate = [&](uint64_t count) { return Share(number(count), inputs.window_s); };
  const double packets = number(c.packets_in + c.packets_out);
#define X(name, value) value,
  return {VEDETTE_FEATURES(X)};
#undef X
}

}  // namespace vedette
