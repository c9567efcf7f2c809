// How many flow events a second the export takes: export_bench [EVENTS [BROKERS]]. Without brokers
// it speaks to librdkafka's mock cluster, in a thread of the same process. Prints the rate and what
// each thread cost. Not a test.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "sensor/export/exporter.h"

namespace {

using vedette::FlowEvent;

// Addresses, ports, counts and ids differ as they do in traffic; names of fields do not, so that
// compression finds what it would find.
FlowEvent MadeFlow(std::mt19937_64& random, int number) {
  FlowEvent flow;
  const auto host = [&random] {
    return absl::StrCat("10.", random() % 4, ".", random() % 256, ".", random() % 256);
  };
  flow.sensor = "bench";
  flow.site = "default";
  flow.id =
      absl::StrCat(absl::Hex(random(), absl::kZeroPad16), absl::Hex(random(), absl::kZeroPad16));
  flow.flow_id = absl::StrCat(absl::Hex(random(), absl::kZeroPad16));
  flow.src_ip = host();
  flow.dst_ip = absl::StrCat("198.51.", random() % 256, ".", random() % 256);
  flow.device = absl::StrCat("default/0/", flow.src_ip);
  flow.src_port = static_cast<int32_t>(1'024 + random() % 60'000);
  flow.dst_port = 443;
  flow.protocol = 6;
  flow.direction = "outbound";
  flow.start_us = 1'772'442'000'000'000 + number * int64_t{20};
  flow.end_us = flow.start_us + static_cast<int64_t>(random() % 1'000'000);
  flow.packets_fwd = static_cast<int64_t>(random() % 100);
  flow.bytes_fwd = flow.packets_fwd * 90;
  flow.end_reason = "end";
  flow.app = "tls";
  return flow;
}

std::map<std::string, double> CpuSecondsByThread() {
  std::map<std::string, double> seconds;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "stat");
    std::string line;
    std::getline(file, line);
    const size_t open = line.find('('), close = line.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    const std::vector<std::string> fields = absl::StrSplit(line.substr(close + 2), ' ');
    seconds[line.substr(open + 1, close - open - 1)] +=
        (std::atof(fields[11].c_str()) + std::atof(fields[12].c_str())) / ticks;
  }
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const int events = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  vedette::ExportConfig config;
  rd_kafka_t* client = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  if (argc > 2) {
    config.kafka.brokers = {argv[2]};
  } else {
    client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0);
    cluster = rd_kafka_mock_cluster_new(client, 1);
    rd_kafka_mock_topic_create(cluster, "vedette.flows", 6, 1);
    config.kafka.brokers = {rd_kafka_mock_cluster_bootstraps(cluster)};
    config.kafka.create_topics = false;
  }
  if (const char* compression = std::getenv("COMPRESSION")) config.kafka.compression = compression;
  config.spool.folder = absl::StrCat(std::filesystem::temp_directory_path().string(),
                                     "/vedette_export_bench_", getpid());
  auto exporter = vedette::Exporter::Create(
      config, {.boot_ms = 1, .wait_for_room = true, .tell = [](const std::string& line) {
                 std::fprintf(stderr, "%s\n", line.c_str());
               }});
  if (!exporter.ok()) {
    std::fprintf(stderr, "%s\n", std::string(exporter.status().message()).c_str());
    return 1;
  }
  std::mt19937_64 random(1);
  std::vector<FlowEvent> flows;
  for (int i = 0; i < 20'000; ++i) flows.push_back(MadeFlow(random, i));
  std::string sample;
  AppendJson(flows[0], sample);
  (*exporter)->Write(flows[0]);
  while ((*exporter)->sinks()[0]->accounts().Of(vedette::Topic::kFlows).delivered == 0)
    usleep(1'000);

  const absl::Time begin = absl::Now();
  for (int i = 0; i < events; ++i) (*exporter)->Write(flows[static_cast<size_t>(i) % flows.size()]);
  const double made_s = absl::ToDoubleSeconds(absl::Now() - begin);
  const auto& sink = *(*exporter)->sinks()[0];
  while (sink.accounts().Of(vedette::Topic::kFlows).delivered <= events) usleep(1'000);
  const double all_s = absl::ToDoubleSeconds(absl::Now() - begin);
  std::printf("%d events of %zu bytes, %s: made in %.2f s, delivered in %.2f s: %.0f events/s\n",
              events, sample.size() + 30, config.kafka.compression.c_str(), made_s, all_s,
              events / all_s);
  for (const auto& [name, seconds] : CpuSecondsByThread()) {
    std::printf("  %-16s %6.2f CPU s, %10.0f events per CPU s\n", name.c_str(), seconds,
                seconds == 0 ? 0 : events / seconds);
  }
  std::printf("  spooled at the most: %lld, latency p50 %lld ms, p99 %lld ms\n",
              static_cast<long long>(sink.gauges().spool_events.load()),
              static_cast<long long>(sink.gauges().from_made.QuantileMs(0.5)),
              static_cast<long long>(sink.gauges().from_made.QuantileMs(0.99)));
  static_cast<void>((*exporter)->Stop({}));
  std::filesystem::remove_all(config.spool.folder);
  if (cluster != nullptr) {
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
  }
  return 0;
}
