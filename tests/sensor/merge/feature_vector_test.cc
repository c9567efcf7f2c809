#include "detectors/feature_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <string>

namespace vedette {
namespace {

std::map<std::string, double> Named(const FeatureVector& features) {
  std::map<std::string, double> named;
  for (size_t i = 0; i < kFeatureCount; ++i) named[std::string(kFeatureNames[i])] = features[i];
  return named;
}

// The file is what Flink and Spark are held to.
TEST(FeatureNames, AreThoseOfTheFile) {
  std::ifstream file(SOURCE_ROOT "/conf/features.txt");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_EQ(lines, std::vector<std::string>(kFeatureNames.begin(), kFeatureNames.end()));
}

TEST(Features, AreWhatTheirNamesSay) {
  FeatureInputs inputs;
  EndpointCounters& c = inputs.counters;
  c.packets_out = 40, c.packets_in = 60;
  c.bytes_out = 7'999, c.bytes_in = 999;
  c.egress_bytes = 1'999;
  c.tcp_packets = 50, c.udp_packets = 30, c.icmp_packets = 10, c.other_packets = 10;
  c.flows_opened = 20, c.flows_unanswered = 5, c.flows_refused = 30;
  c.syn_in = 2, c.syn_out = 8;
  c.dns_queries = 10, c.dns_answers = 8, c.dns_nxdomain = 2;
  c.malformed_packets = 4;
  inputs.window_s = 10;
  inputs.peers = 7, inputs.destinations = 3, inputs.ports = 1;
  inputs.active_seconds = 9;
  inputs.top_destination_bytes = 1'000;
  const std::map<std::string, double> want = {
      {"packets_out_rate", 4},
      {"packets_in_rate", 6},
      {"bytes_out_rate", 799.9},
      {"bytes_in_rate", 99.9},
      {"egress_bytes_rate", 199.9},
      {"egress_share", 1'999.0 / 7'999},
      {"out_in_log2_ratio", 3},  // 8000 / 1000
      {"packet_bytes_out_mean", 7'999.0 / 40},
      {"packet_bytes_in_mean", 999.0 / 60},
      {"tcp_share", 0.5},
      {"udp_share", 0.3},
      {"icmp_share", 0.1},
      {"flows_opened_rate", 2},
      {"unanswered_share", 0.25},
      {"refused_share", 1},  // flows of earlier windows among them
      {"syn_share", 0.2},
      {"peers_log2", 3},
      {"destinations_log2", 2},
      {"ports_log2", 1},
      {"dns_queries_rate", 1},
      {"dns_nxdomain_share", 0.25},
      {"malformed_share", 0.1},
      {"active_seconds_share", 0.9},
      {"top_destination_share", 1'000.0 / 1'999},
  };
  const std::map<std::string, double> got = Named(FeaturesOf(inputs));
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) EXPECT_DOUBLE_EQ(got.at(name), value) << name;
}

TEST(Features, AreZeroWhereUndefined) {
  for (const double window_s : {0.0, 10.0}) {
    for (const double feature : FeaturesOf({.window_s = window_s})) EXPECT_EQ(feature, 0);
  }
}

TEST(Features, AreFiniteAtTheLimits) {
  FeatureInputs inputs{.window_s = 1};
#define X(name) inputs.counters.name = UINT64_MAX / 4;
  VEDETTE_ENDPOINT_COUNTERS(X)
#undef X
  for (const double feature : FeaturesOf(inputs)) EXPECT_TRUE(std::isfinite(feature));
}

}  // namespace
}  // namespace vedette
