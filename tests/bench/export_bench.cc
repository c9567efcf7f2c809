// How many flow events a second the export takes. Prints rates and what each thread cost. Not a
// test.
//
//   export_bench [EVENTS [BROKERS]]            as fast as it goes; without brokers to librdkafka's
//   mock
//                                              cluster, in a thread of the same process
//   export_bench bare EVENTS BROKERS           the client library alone, with the same messages:
//   what
//                                              the broker and it can take
//   export_bench steady RATE SECONDS BROKERS   so many a second for so long; a line every ten
//   seconds export_bench drain EVENTS RATE BROKERS     as many wait in the spool, and RATE a second
//   come while
//                                              they are sent
//
// $COMPRESSION: zstd, lz4 ...
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
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

void PrintThreads(double events) {
  for (const auto& [name, seconds] : CpuSecondsByThread()) {
    std::printf("  %-16s %6.2f CPU s, %10.0f events per CPU s\n", name.c_str(), seconds,
                seconds == 0 ? 0 : events / seconds);
  }
}

std::vector<FlowEvent> MadeFlows() {
  std::mt19937_64 random(1);
  std::vector<FlowEvent> flows;
  for (int i = 0; i < 20'000; ++i) flows.push_back(MadeFlow(random, i));
  return flows;
}

// The mock cluster, where one is wanted.
struct Cluster {
  rd_kafka_t* client = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  std::string brokers;

  explicit Cluster(const char* real) {
    if (real != nullptr) {
      brokers = real;
      return;
    }
    client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0);
    cluster = rd_kafka_mock_cluster_new(client, 1);
    rd_kafka_mock_topic_create(cluster, "vedette.flows", 6, 1);
    brokers = rd_kafka_mock_cluster_bootstraps(cluster);
  }
  ~Cluster() {
    if (cluster == nullptr) return;
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
  }
};

// An export with its spool, and what it has done so far.
class Bench {
 public:
  Bench(const std::string& brokers, bool mock, bool wait_for_room) : wait_for_room_(wait_for_room) {
    config_.kafka.brokers = {brokers};
    config_.kafka.create_topics = !mock;
    if (const char* const compression = std::getenv("COMPRESSION")) {
      config_.kafka.compression = compression;
    }
    config_.spool.bytes_max = uint64_t{64} << 30;
    config_.spool.folder = absl::StrCat(std::filesystem::temp_directory_path().string(),
                                        "/vedette_export_bench_", getpid());
  }
  ~Bench() {
    exporter_.reset();
    std::filesystem::remove_all(config_.spool.folder);
  }

  void Start(const std::string& brokers) {
    config_.kafka.brokers = {brokers};
    auto exporter = vedette::Exporter::Create(
        config_,
        {.boot_ms = 1, .wait_for_room = wait_for_room_, .tell = [](const std::string& line) {
           std::fprintf(stderr, "%s\n", line.c_str());
         }});
    if (!exporter.ok()) {
      std::fprintf(stderr, "%s\n", std::string(exporter.status().message()).c_str());
      std::exit(1);
    }
    exporter_ = *std::move(exporter);
    written_ = 0;
  }
  void Write(int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      exporter_->Write(flows_[static_cast<size_t>(written_++) % flows_.size()]);
    }
  }
  // What is due by now at so many a second.
  void KeepUp(double per_second, absl::Time begin) {
    const double due = per_second * absl::ToDoubleSeconds(absl::Now() - begin);
    Write(static_cast<int64_t>(due) - written_);
    usleep(2'000);
  }
  void WaitUntilDelivered() {
    while (flows().delivered + flows().dropped < written_) usleep(1'000);
  }
  absl::Status Stop(vedette::StopLimits limits) { return exporter_->Stop(limits); }

  const vedette::Sink& sink() const { return *exporter_->sinks()[0]; }
  vedette::EventCounts flows() const { return sink().accounts().Of(vedette::Topic::kFlows); }
  int64_t written() const { return written_; }
  const std::string& compression() const { return config_.kafka.compression; }
  size_t event_bytes() const {
    std::string sample;
    AppendJson(flows_[0], sample);
    return sample.size() + 30;
  }
  void PrintLatency() const {
    std::printf("  spooled at the end: %lld, latency p50 %lld ms, p99 %lld ms\n",
                static_cast<long long>(sink().gauges().spool_events.load()),
                static_cast<long long>(sink().gauges().from_made.QuantileMs(0.5)),
                static_cast<long long>(sink().gauges().from_made.QuantileMs(0.99)));
  }

 private:
  const std::vector<FlowEvent> flows_ = MadeFlows();
  const bool wait_for_room_;
  vedette::ExportConfig config_;
  std::unique_ptr<vedette::Exporter> exporter_;
  int64_t written_ = 0;
};

int AsFastAsItGoes(int64_t events, const char* brokers) {
  const Cluster cluster(brokers);
  Bench bench(cluster.brokers, brokers == nullptr, true);
  bench.Start(cluster.brokers);
  bench.Write(1);
  bench.WaitUntilDelivered();
  const absl::Time begin = absl::Now();
  bench.Write(events);
  const double made_s = absl::ToDoubleSeconds(absl::Now() - begin);
  bench.WaitUntilDelivered();
  const double all_s = absl::ToDoubleSeconds(absl::Now() - begin);
  std::printf("%lld events of %zu bytes, %s: made in %.2f s, delivered in %.2f s: %.0f events/s\n",
              static_cast<long long>(events), bench.event_bytes(), bench.compression().c_str(),
              made_s, all_s, static_cast<double>(events) / all_s);
  PrintThreads(static_cast<double>(events));
  bench.PrintLatency();
  static_cast<void>(bench.Stop({}));
  return 0;
}

// Who makes them waits for room: a rate that is not held shows as fewer events, not as losses.
int Steady(double per_second, double seconds, const char* brokers) {
  Bench bench(brokers, false, true);
  bench.Start(brokers);
  const absl::Time begin = absl::Now();
  absl::Time told = begin;
  vedette::EventCounts before;
  while (absl::Now() - begin < absl::Seconds(seconds)) {
    bench.KeepUp(per_second, begin);
    const absl::Time now = absl::Now();
    if (now - told < absl::Seconds(10)) continue;
    const vedette::EventCounts counts = bench.flows();
    const double passed_s = absl::ToDoubleSeconds(now - told);
    std::printf("%5.0f s: %8.0f made/s, %8.0f delivered/s, %lld wait, %lld on disk, %lld dropped\n",
                absl::ToDoubleSeconds(now - begin),
                static_cast<double>(counts.made - before.made) / passed_s,
                static_cast<double>(counts.delivered - before.delivered) / passed_s,
                static_cast<long long>(counts.spooled),
                static_cast<long long>(bench.sink().gauges().spool_events.load()),
                static_cast<long long>(counts.dropped));
    std::fflush(stdout);
    told = now;
    before = counts;
  }
  bench.WaitUntilDelivered();
  const double all_s = absl::ToDoubleSeconds(absl::Now() - begin);
  const vedette::EventCounts counts = bench.flows();
  std::printf(
      "%lld events of %zu bytes, %s: %lld delivered, %lld dropped in %.1f s: %.0f events/s\n",
      static_cast<long long>(counts.made), bench.event_bytes(), bench.compression().c_str(),
      static_cast<long long>(counts.delivered), static_cast<long long>(counts.dropped), all_s,
      static_cast<double>(counts.delivered) / all_s);
  PrintThreads(static_cast<double>(counts.made));
  bench.PrintLatency();
  static_cast<void>(bench.Stop({}));
  return counts.delivered == counts.made ? 0 : 1;
}

int Drain(int64_t events, double per_second, const char* brokers) {
  Bench bench(brokers, false, true);
  bench.Start("127.0.0.1:1");  // nobody is there
  bench.Write(events);
  static_cast<void>(bench.Stop({.quiet = absl::Milliseconds(200), .total = absl::Seconds(60)}));
  bench.Start(brokers);
  const auto& accounts = bench.sink().accounts();
  while (accounts.inherited_delivered() == 0) usleep(1'000);
  const absl::Time begin = absl::Now();
  const std::map<std::string, double> cpu = CpuSecondsByThread();
  while (accounts.inherited_delivered() < static_cast<uint64_t>(events)) {
    bench.KeepUp(per_second, begin);
  }
  const double all_s = absl::ToDoubleSeconds(absl::Now() - begin);
  const vedette::EventCounts live = bench.flows();
  std::printf(
      "%lld events drained in %.2f s: %.0f events/s, beside %.0f live ones/s made and %.0f "
      "delivered, %lld dropped\n",
      static_cast<long long>(events), all_s, static_cast<double>(events) / all_s,
      static_cast<double>(live.made) / all_s, static_cast<double>(live.delivered) / all_s,
      static_cast<long long>(live.dropped));
  for (const auto& [name, seconds] : CpuSecondsByThread()) {
    const auto before = cpu.find(name);
    std::printf("  %-16s %6.2f CPU s\n", name.c_str(),
                seconds - (before == cpu.end() ? 0 : before->second));
  }
  static_cast<void>(bench.Stop({}));
  return 0;
}

std::atomic<int64_t> bare_delivered = 0;

// Nothing but the client: one topic handle, messages made before, no copy.
int Bare(int64_t events, const char* brokers) {
  std::vector<std::pair<std::string, std::string>> messages;
  for (const FlowEvent& flow : MadeFlows()) {
    messages.emplace_back(flow.device, "");
    AppendJson(flow, messages.back().second);
    absl::StrAppend(&messages.back().second, ",\"boot_ms\":1,\"seq\":1000000}");
  }
  const char* const compression = std::getenv("COMPRESSION");
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  const std::pair<const char*, const char*> settings[] = {
      {"bootstrap.servers", brokers},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"compression.type", compression ? compression : "zstd"},
      {"linger.ms", "20"},
      {"batch.size", "1000000"},
      {"batch.num.messages", "100000"},
      {"queue.buffering.max.messages", "200000"},
      {"partitioner", "murmur2_random"}};
  for (const auto& [name, value] : settings) rd_kafka_conf_set(conf, name, value, nullptr, 0);
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err == 0) ++bare_delivered;
  });
  rd_kafka_t* const client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, "vedette.flows", nullptr);
  const absl::Time begin = absl::Now();
  for (int64_t i = 0; i < events;) {
    auto& [key, value] = messages[static_cast<size_t>(i) % messages.size()];
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, 0, value.data(), value.size(), key.data(),
                         key.size(), nullptr) == 0) {
      ++i;
      if (i % 1'000 == 0) rd_kafka_poll(client, 0);
    } else {
      rd_kafka_poll(client, 5);
    }
  }
  while (bare_delivered < events) rd_kafka_poll(client, 5);
  const double all_s = absl::ToDoubleSeconds(absl::Now() - begin);
  std::printf("%lld messages by the client alone: delivered in %.2f s: %.0f events/s\n",
              static_cast<long long>(events), all_s, static_cast<double>(events) / all_s);
  PrintThreads(static_cast<double>(events));
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const absl::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "bare" && argc == 4) return Bare(std::atoll(argv[2]), argv[3]);
  if (mode == "steady" && argc == 5) return Steady(std::atof(argv[2]), std::atof(argv[3]), argv[4]);
  if (mode == "drain" && argc == 5) return Drain(std::atoll(argv[2]), std::atof(argv[3]), argv[4]);
  const int64_t events = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  if (events <= 0) {
    std::fprintf(stderr, "export_bench: how to use it stands at the head of its source\n");
    return 2;
  }
  return AsFastAsItGoes(events, argc > 2 ? argv[2] : nullptr);
}
