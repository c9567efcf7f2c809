// The whole sensor, every detector on, over packets that already lie in memory: what a core can do
// when nothing has to be read. Prints one JSON object.
//   sensor_bench --kind syn60 --packets 40000000 --workers 1
// CPU time, not time: other load on the machine matters only through the caches.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sensor/pipeline/engine.h"
#include "tests/bench/memory_traffic.h"
#include "tests/bench/packet_memory.h"

namespace vedette {
namespace {

struct Options {
  std::string kind = "syn60";
  uint64_t packets = 40'000'000;  // measured ones, of all workers
  size_t workers = 1;
  bool flow_records = false;
  std::string instead;       // of the engine
  double packets_per_s = 0;  // 0: the kind's
  TrafficOptions traffic;
};

// Takes every event and keeps none.
class CountingSink final : public EventSink {
 public:
  void OnInterval(const IntervalView& view, const IdentityOf&) override {
    packets += view.totals.packets;
    decoded_ok += view.totals.decoded[static_cast<size_t>(DecodeStatus::kOk)];
    duplicates += view.totals.duplicates;
    flows_opened += view.totals.flows_opened;
    flows_evicted += view.totals.flows_evicted;
  }
  void OnAlert(const AlertEvent&) override { ++alerts; }
  void OnDevice(const DeviceEvent&) override { ++devices; }
  void OnFlow(const FlowEvent&) override { ++flows; }
  void OnHealth(const HealthEvent&) override { ++healths; }

  uint64_t packets = 0, decoded_ok = 0, duplicates = 0, flows_opened = 0, flows_evicted = 0;
  uint64_t alerts = 0, devices = 0, flows = 0, healths = 0;
};

// Room for three times the flows, so that buckets of eight hardly ever overflow; else the default.
SensorConfig ConfigFor(const Options& options) {
  SensorConfig config;
  const uint64_t flows = options.kind == "flows" ? options.traffic.flows : 0;
  const uint64_t per_shard = flows / kShards * 3;
  if (per_shard > config.tracker.flows) config.tracker.flows = static_cast<uint32_t>(per_shard);
  return config;
}

const TrafficKind& KindOf(const std::string& name) {
  for (const TrafficKind& kind : TrafficKinds()) {
    if (kind.name == name) return kind;
  }
  std::abort();  // the command line allows no other
}

// Keeps the compiler from leaving out what nobody reads.
const volatile std::byte* volatile benchmark_sink = nullptr;

struct Measured {
  double process_s = 0, steady_s = 0;
  double half_mib = 0, last_mib = 0;
  std::vector<double> worker_s;
  std::vector<uint64_t> worker_packets;
};

Measured RunEngine(Engine& engine, const PacketMemory& memory, const Options& options,
                   const Pace& pace) {
  const auto parts = memory.SplitByShard(options.workers, engine.hash());
  std::vector<std::unique_ptr<MemorySource>> sources;
  std::vector<PacketSource*> pointers;
  for (const std::vector<StoredPacket>& part : parts) {
    sources.push_back(std::make_unique<MemorySource>(memory, part, pace));
    pointers.push_back(sources.back().get());
  }
  engine.Run(pointers);
  const double end_s = ProcessCpuSeconds();
  Measured measured;
  double warm_s = end_s, last_s = 0;
  for (const auto& source : sources) {
    warm_s = std::min(warm_s, source->warm().process_s);
    last_s = std::max(last_s, source->last().process_s);
    measured.half_mib = std::max(measured.half_mib, source->half_mib());
    measured.last_mib = std::max(measured.last_mib, source->last().resident_mib);
    measured.worker_s.push_back(source->last().thread_s - source->warm().thread_s);
    measured.worker_packets.push_back(source->measured());
  }
  measured.process_s = end_s - warm_s;
  measured.steady_s = last_s - warm_s;
  return measured;
}

nlohmann::ordered_json ReportOf(const Options& options, const PacketMemory& memory,
                                const CountingSink& sink, const Measured& measured) {
  const auto packets = static_cast<double>(options.packets);
  const double frame_bytes =
      static_cast<double>(memory.frame_bytes()) / static_cast<double>(memory.round());
  const double packets_mib = static_cast<double>(memory.resident_bytes()) / (1 << 20);
  return {{"kind", options.kind},
          {"workers", options.workers},
          {"flow_records", options.flow_records},
          {"packets", options.packets},
          {"round_packets", memory.round()},
          {"frame_bytes", frame_bytes},
          {"cpu_s", measured.process_s},
          {"ns_per_packet", measured.process_s / packets * 1e9},
          {"packets_per_cpu_s", packets / measured.process_s},
          {"gbit_per_cpu_s", packets * frame_bytes * 8e-9 / measured.process_s},
          {"steady_ns_per_packet", measured.steady_s / packets * 1e9},
          {"worker_cpu_s", measured.worker_s},
          {"worker_packets", measured.worker_packets},
          {"packets_seen", sink.packets},
          {"decoded_ok", sink.decoded_ok},
          {"duplicates", sink.duplicates},
          {"flows_opened", sink.flows_opened},
          {"flows_evicted", sink.flows_evicted},
          {"events",
           {{"alert", sink.alerts},
            {"device", sink.devices},
            {"flow", sink.flows},
            {"health", sink.healths}}},
          {"packet_memory_mib", packets_mib},
          {"sensor_half_mib", measured.half_mib - packets_mib},
          {"sensor_mib", measured.last_mib - packets_mib}};
}

// What handing the packets out costs alone, and with their bytes copied as a driver would.
int BenchFloor(const PacketMemory& memory, const Options& options, const Pace& pace) {
  MemorySource source(memory, memory.packets(), pace);
  std::vector<std::byte> room(kBurstMax * 2'048);
  PacketBurst burst;
  uint64_t bytes = 0;
  for (SourceState state = SourceState::kOpen; state == SourceState::kOpen;) {
    state = source.Receive(burst);
    for (size_t i = 0; i < burst.count; ++i) {
      const Bytes packet = burst.packets[i].bytes;
      bytes += packet.size();
      if (options.instead == "source") continue;
      std::memcpy(&room[i * 2'048], packet.data(), packet.size());
      benchmark_sink = &room[i * 2'048];
    }
    source.Release(burst);
  }
  const double cpu_s = source.last().process_s - source.warm().process_s;
  const auto packets = static_cast<double>(options.packets);
  const nlohmann::ordered_json report = {{"kind", options.kind},
                                         {"instead", options.instead},
                                         {"packets", options.packets},
                                         {"bytes", bytes},
                                         {"cpu_s", cpu_s},
                                         {"ns_per_packet", cpu_s / packets * 1e9},
                                         {"packets_per_cpu_s", packets / cpu_s}};
  std::cout << report.dump(1) << "\n";
  return 0;
}

int Bench(Options options) {
  const TrafficKind& kind = KindOf(options.kind);
  if (options.kind == "flows" && options.traffic.flows == 0) options.traffic.flows = 1'000'000;
  const SensorConfig config = ConfigFor(options);
  options.traffic.flow_buckets = config.tracker.flows / 8;
  options.traffic.real_secret = kReplaySecret;
  const std::unique_ptr<PacketMemory> memory = kind.make(options.traffic);

  // The first round fills the tables.
  const Pace pace{
      .packets = memory->round() + options.packets,
      .warm_up = memory->round(),
      .packets_per_s = options.packets_per_s != 0 ? options.packets_per_s : kind.packets_per_s};
  if (!options.instead.empty()) return BenchFloor(*memory, options, pace);

  CountingSink sink;
  auto engine = Engine::Create(config, options.workers, options.flow_records, sink);
  if (!engine.ok()) {
    std::cerr << "sensor_bench: " << engine.status().message() << "\n";
    return 1;
  }
  const Measured measured = RunEngine(**engine, *memory, options, pace);
  std::cout << ReportOf(options, *memory, sink, measured).dump(1) << "\n";
  if (sink.packets != pace.packets) {
    std::cerr << "sensor_bench: " << sink.packets << " of " << pace.packets << " packets seen\n";
    return 1;
  }
  return 0;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures the whole sensor over packets in memory.");
  std::vector<std::string> kinds;
  std::string footer = "Kinds:\n";
  for (const TrafficKind& kind : TrafficKinds()) {
    kinds.emplace_back(kind.name);
    footer += "  " + std::string(kind.name) + ": " + kind.what + "\n";
  }
  app.footer(footer);
  app.add_option("--kind", options.kind)->check(CLI::IsMember(kinds))->capture_default_str();
  app.add_option("--packets", options.packets, "to measure, after one round of them all")
      ->check(CLI::Range(uint64_t{1'000}, uint64_t{1'000'000'000'000}))
      ->capture_default_str();
  app.add_option("--workers", options.workers)->check(CLI::Range(1, 16))->capture_default_str();
  app.add_option("--flows", options.traffic.flows, "at one time (the kind's)")
      ->check(CLI::Range(1'000, 10'000'000));
  app.add_option("--round", options.traffic.packets, "packets laid out (the kind's)")
      ->check(CLI::Range(1'000, 64'000'000));
  app.add_option("--rate", options.packets_per_s, "packets a second of their own time (the kind's)")
      ->check(CLI::Range(1e3, 1e9));
  app.add_option("--seed", options.traffic.seed)->capture_default_str();
  app.add_flag("--flow-records", options.flow_records, "make an event of every flow that ends");
  app.add_option("--instead", options.instead, "measure a floor: hand out, or hand out and copy")
      ->check(CLI::IsMember({"source", "copy"}));
  CLI11_PARSE(app, argc, argv);
  return Bench(options);
}

}  // namespace
}  // namespace vedette

int main(int argc, char** argv) { return vedette::Main(argc, argv); }
