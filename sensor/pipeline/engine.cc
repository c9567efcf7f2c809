#include "sensor/pipeline/engine.h"

#include <pthread.h>
#include <sched.h>
#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <thread>
#include <utility>

namespace vedette {
namespace {

// Who knows the code of a live sensor must not know which keys collide in its tables.
absl::StatusOr<std::array<uint64_t, 2>> RandomSecret() {
  std::array<uint64_t, 2> secret;
  if (getrandom(secret.data(), sizeof secret, 0) == sizeof secret) return secret;
  return absl::UnavailableError("the system gives no random numbers for the tables' secret");
}

void PinTo(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  // Refused where the processor has gone since it was chosen: the thread runs where it can.
  static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof cores, &cores));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const SensorConfig& config,
                                                       EngineSetup setup, EventSink& sink) {
  absl::StatusOr<std::shared_ptr<const PatternDatabase>> patterns =
      PatternDatabase::Create(config.patterns);
  if (!patterns.ok()) return patterns.status();
  absl::StatusOr<std::array<uint64_t, 2>> secret = kReplaySecret;
  if (setup.secret) {
    secret = *setup.secret;
  } else if (setup.live) {
    secret = RandomSecret();
  }
  if (!secret.ok()) return secret.status();
  absl::StatusOr<EvidenceKey> key = ReadEvidenceKey(
      config.evidence_key_file, setup.live ? WhenNoKey::kMakeOne : WhenNoKey::kFail);
  if (!key.ok()) return key.status();
  ShardSurroundings surroundings{.options = {.tracker = config.tracker,
                                             .inspector = config.inspector,
                                             .flow_records = setup.flow_records},
                                 .hash = KeyedHash(*secret),
                                 .home = HomeNetworks(config.home),
                                 .patterns = *std::move(patterns)};
  std::unique_ptr<AlertPcaps> pcaps;
  if (!config.alert_pcaps.folder.empty()) {
    absl::StatusOr<std::unique_ptr<AlertPcaps>> opened =
        AlertPcaps::Open(config.alert_pcaps,
                         {.workers = setup.workers,
                          .hash = surroundings.hash,
                          .live = setup.live,
                          .tell = setup.tell},
                         sink);
    if (!opened.ok()) return opened.status();
    pcaps = *std::move(opened);
  }
  if (!key->empty()) surroundings.options.inspector.content_secret = key->content_secret();
  return std::unique_ptr<Engine>(new Engine(config, std::move(setup), *secret,
                                            std::move(surroundings), *std::move(key),
                                            std::move(pcaps), sink));
}

Engine::Engine(const SensorConfig& config, EngineSetup setup, std::array<uint64_t, 2> secret,
               ShardSurroundings surroundings, EvidenceKey key, std::unique_ptr<AlertPcaps> pcaps,
               EventSink& sink)
    : setup_(std::move(setup)),
      secret_(secret),
      surroundings_(std::move(surroundings)),
      ended_(setup_.workers, false),
      pcaps_(std::move(pcaps)),
      control_(config, setup_.told, pcaps_ != nullptr ? *pcaps_ : sink, std::move(key)) {
  for (size_t i = 0; i < setup_.workers; ++i) {
    handovers_.push_back(std::make_unique<Handover<Observe>>(bell_));
    workers_.push_back(
        std::make_unique<Worker<Observe>>(i, setup_.workers, surroundings_, *handovers_.back()));
  }
}

void Engine::Start(size_t n, std::function<void()> loop) {
  const int core = n < setup_.cores.size() ? setup_.cores[n] : -1;
  threads_.emplace_back([core, loop = std::move(loop)] {
    if (core >= 0) PinTo(core);
    loop();
  });
}

// The reader takes the processor behind those of the workers, if there is one.
void Engine::StartFannedOut(PacketSource& source) {
  if (workers_.size() == 1) {
    Start(0, [this, &polled = Polled(0, source)] { workers_[0]->Run(polled); });
    return;
  }
  fan_out_ = std::make_unique<FanOut>(workers_.size(), surroundings_.hash,
                                      setup_.live ? WhenFull::kDrop : WhenFull::kWait);
  reader_.store(fan_out_.get(), std::memory_order_release);
  Start(workers_.size(), [this, &source] { fan_out_->Run(source); });
  for (size_t i = 0; i < workers_.size(); ++i) {
    Start(i, [this, i, &polled = Polled(i, fan_out_->port(i))] { workers_[i]->Run(polled); });
  }
}

void Engine::Run(PacketSource& source) {
  StartFannedOut(source);
  RunControl();
}

void Engine::RunLive(absl::Span<LiveSource* const> sources) {
  assert(sources.size() == 1 || sources.size() == workers_.size());
  live_ = sources;
  if (sources.size() == 1) {
    StartFannedOut(*sources[0]);
  } else {
    for (size_t i = 0; i < workers_.size(); ++i) {
      Start(i, [this, i, &polled = Polled(i, *sources[i])] { workers_[i]->Run(polled); });
    }
  }
  RunControl();
}

void Engine::RunControl() {
  ControlLoop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

SourceLosses Engine::NewlyLost() {
  SourceLosses lost;
  for (const LiveSource* source : live_) lost += source->losses();
  if (fan_out_ != nullptr) lost.ring_full += fan_out_->dropped();
  SourceLosses since = lost;
  since -= std::exchange(lost_before_, lost);
  return since;
}

void Engine::Run(std::span<PacketSource* const> sources) {
  assert(sources.size() == workers_.size());
  for (size_t i = 0; i < workers_.size(); ++i) {
    Start(i, [this, i, &polled = Polled(i, *sources[i])] { workers_[i]->Run(polled); });
  }
  RunControl();
}

void Engine::Offer(std::unique_ptr<EngineUpdate> update) {
  const std::lock_guard lock(offered_mutex_);
  if (update->workers == nullptr && offered_ != nullptr) {
    update->workers = std::move(offered_->workers);
  }
  offered_ = std::move(update);
}

void Engine::OfferModels(ModelsInUse models) {
  const std::lock_guard lock(offered_mutex_);
  offered_models_ = std::move(models);
}

std::unique_ptr<WorkerSettings> Engine::MakeWorkerSettings(
    const std::vector<Prefix>& home, std::shared_ptr<const PatternDatabase> patterns) const {
  auto settings = std::make_unique<WorkerSettings>(WorkerSettings{.home = HomeNetworks(home)});
  for (auto& tools : settings->patterns) {
    tools = std::make_unique<PatternTools>(
        patterns, ContentSecret(surroundings_.options.inspector, surroundings_.hash),
        surroundings_.options.inspector.streams);
  }
  return settings;
}

// The workers follow at their next marks; a second or two still hold what the old ones saw.
void Engine::TakeUpdate() {
  std::unique_ptr<EngineUpdate> update;
  {
    const std::lock_guard lock(offered_mutex_);
    update = std::move(offered_);
  }
  if (update != nullptr) {
    if (update->workers != nullptr) {
      update->workers->number = ++worker_settings_made_;
      worker_settings_.push_back(std::move(update->workers));
      for (const auto& worker : workers_) worker->Offer(*worker_settings_.back());
    }
    generation_.store(update->control.generation, std::memory_order_relaxed);
    control_.Reconfigure(std::move(update->control));
  }
  FreeOldSettings();
}

void Engine::TakeModels() {
  std::optional<ModelsInUse> models;
  {
    const std::lock_guard lock(offered_mutex_);
    models = std::exchange(offered_models_, std::nullopt);
  }
  if (models) control_.SetModels(*std::move(models));
}

void Engine::FreeOldSettings() {
  if (worker_settings_.size() < 2) return;
  uint64_t taken = worker_settings_made_;
  for (const auto& worker : workers_) taken = std::min(taken, worker->settings_taken());
  std::erase_if(worker_settings_, [taken](const auto& old) { return old->number < taken; });
}

EngineProgress Engine::progress() const {
  EngineProgress progress{.control = turns_.load()};
  for (const auto& worker : workers_) progress.workers.push_back(worker->turns());
  const FanOut* const reader = reader_.load(std::memory_order_acquire);
  if (reader != nullptr) progress.reader = reader->turns();
  return progress;
}

// Marks reach all workers alike: the n-th of each closes the same interval.
void Engine::ControlLoop() {
  TakeModels();
  for (;;) {
    uint64_t second = 0;
    if (!CollectInterval(second)) break;
    control_.OnInterval(
        second, windows_,
        {.lost = NewlyLost(), .clock_offset_us = live_.empty() ? 0 : live_[0]->clock_offset_us()});
    // A worker that is ahead waits for its first shard's: that one comes last, so that it wakes
    // once.
    for (size_t shard = kShards; shard-- > 0;) {
      windows_[shard]->Clear();
      handovers_[shard % handovers_.size()]->GiveBack(shard, windows_[shard]);
    }
    TakeUpdate();
    TakeModels();
    if (visitor_ != nullptr) visitor_->OnTick(control_, second);
    turns_.Add();
  }
  control_.OnEnd(NewlyLost(), at_end_);
}

// From whichever has something: a worker that waits for room here keeps the reader from giving
// packets to the others, so that waiting for one of those alone would last for ever.
// A worker whose source has ended before the others' adds nothing: its windows were cleared.
bool Engine::CollectInterval(uint64_t& second) {
  std::vector<bool> complete = ended_;
  bool open = false;
  for (auto left = std::count(complete.begin(), complete.end(), false); left > 0;) {
    const uint32_t heard = bell_.rung();
    const auto left_before = left;
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (complete[i]) continue;
      const Collected collected = Collect(i, second);
      if (collected == Collected::kAll) continue;
      complete[i] = true;
      open |= collected == Collected::kMark;
      ended_[i] = collected == Collected::kEnd;
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
