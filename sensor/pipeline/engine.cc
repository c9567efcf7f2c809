#include "sensor/pipeline/engine.h"

#include <optional>
#include <thread>
#include <utility>

namespace vedette {

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const SensorConfig& config, size_t workers,
                                                       bool flow_records, EventSink& sink) {
  absl::StatusOr<std::shared_ptr<const PatternDatabase>> patterns =
      PatternDatabase::Create(config.patterns);
  if (!patterns.ok()) return patterns.status();
  ShardSurroundings surroundings{.options = {.tracker = config.tracker,
                                             .inspector = config.inspector,
                                             .flow_records = flow_records},
                                 .hash = KeyedHash(kReplaySecret),
                                 .home = HomeNetworks(config.home),
                                 .patterns = *std::move(patterns)};
  return std::unique_ptr<Engine>(new Engine(config, workers, std::move(surroundings), sink));
}

Engine::Engine(const SensorConfig& config, size_t workers, ShardSurroundings surroundings,
               EventSink& sink)
    : surroundings_(std::move(surroundings)), control_(config, sink) {
  for (size_t i = 0; i < workers; ++i) {
    handovers_.push_back(std::make_unique<Handover<Observe>>(bell_));
    workers_.push_back(
        std::make_unique<Worker<Observe>>(i, workers, surroundings_, *handovers_.back()));
  }
  if (workers > 1) fan_out_ = std::make_unique<FanOut>(workers, surroundings_.hash);
}

void Engine::Run(PacketSource& source) {
  std::vector<std::thread> threads;
  if (fan_out_ == nullptr) {
    threads.emplace_back([this, &source] { workers_[0]->Run(source); });
  } else {
    threads.emplace_back([this, &source] { fan_out_->Run(source); });
    for (size_t i = 0; i < workers_.size(); ++i) {
      threads.emplace_back([this, i] { workers_[i]->Run(fan_out_->port(i)); });
    }
  }
  ControlLoop();
  for (std::thread& thread : threads) thread.join();
}

void Engine::Run(std::span<PacketSource* const> sources) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < workers_.size(); ++i) {
    threads.emplace_back([this, i, sources] { workers_[i]->Run(*sources[i]); });
  }
  ControlLoop();
  for (std::thread& thread : threads) thread.join();
}

// Marks reach all workers alike: the n-th of each closes the same interval.
void Engine::ControlLoop() {
  for (;;) {
    uint64_t second = 0;
    if (!CollectInterval(second)) break;
    control_.OnInterval(second, windows_);
    for (size_t shard = 0; shard < kShards; ++shard) {
      windows_[shard]->Clear();
      handovers_[shard % handovers_.size()]->GiveBack(shard, windows_[shard]);
    }
  }
  control_.OnEnd();
}

// From whichever has something: a worker that waits for room here keeps the reader from giving
// packets to the others, so that waiting for one of those alone would last for ever.
bool Engine::CollectInterval(uint64_t& second) {
  std::vector<bool> complete(workers_.size(), false);
  bool open = false;
  for (size_t left = workers_.size(); left > 0;) {
    const uint32_t heard = bell_.rung();
    const size_t left_before = left;
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (complete[i]) continue;
      const Collected collected = Collect(i, second);
      if (collected == Collected::kAll) continue;
      complete[i] = true;
      open |= collected == Collected::kMark;
      --left;
    }
    if (left > 0 && left == left_before) bell_.WaitBeyond(heard);
  }
  return open;
}

Engine::Collected Engine::Collect(size_t worker, uint64_t& second) {
  Handover<Observe>& handover = *handovers_[worker];
  while (const std::optional<HandoverItem<Observe>> item = handover.Receive()) {
    switch (item->kind) {
      case HandoverKind::kWindow:
        windows_[item->shard] = item->window;
        break;
      case HandoverKind::kFlows:
        control_.OnFlows(item->flows->view());
        handover.GiveBack(item->flows);
        break;
      case HandoverKind::kMark:
        second = item->second;
        return Collected::kMark;
      case HandoverKind::kEnd:
        return Collected::kEnd;
    }
  }
  return Collected::kAll;
}

}  // namespace vedette
