#include "sensor/pipeline/service.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "dataplane/capture/live_clock.h"
#include "sensor/pipeline/live_watch.h"
#include "sensor/pipeline/resident_memory.h"
#include "sensor/pipeline/service_log.h"
#include "sensor/pipeline/standard_streams.h"

namespace vedette {
namespace {

// The configuration asks for what there is not: no such interface, no rights.
ExitStatus ExitOf(const absl::Status& status) {
  const bool usage = absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
                     absl::IsPermissionDenied(status) || absl::IsFailedPrecondition(status) ||
                     absl::IsUnimplemented(status);
  return usage ? ExitStatus::kUsage : ExitStatus::kFailed;
}

// One thread for each worker, and a reader that feeds them when there are several.
size_t PollingThreads(const CaptureConfig& capture) {
  return capture.workers == 1 ? 1 : size_t{capture.workers} + 1;
}

CoreChoice CoresOf(const CaptureConfig& capture) {
  if (capture.cores != "auto") {
    const absl::StatusOr<std::vector<int>> cores = ParseCoreList(capture.cores);
    return {cores.value_or(std::vector<int>{}),
            "polling threads on processors " + capture.cores + ", as configured"};
  }
  // DPDK's ports know their memory, and say themselves where they are polled.
  if (UsesDpdk(capture)) return {};
  const std::string first = capture.interfaces.empty() ? "" : capture.interfaces.front();
  return ChooseCores(UsableProcessors(), PollingThreads(capture), NodeOfInterface(first));
}

EngineSetup SetupOf(const SensorConfig& config, const RunRequest& request, int64_t boot_ms,
                    std::vector<int> cores) {
  return {.workers = config.capture.workers,
          .flow_records = config.sinks.flows || !request.flows.empty(),
          .live = true,
          .told = {.source = UsesDpdk(config.capture) ? "dpdk" : "libpcap",
                   .clock = "host",
                   .boot_ms = boot_ms,
                   .queues = config.capture.workers},
          .cores = std::move(cores),
          .tell = [](const std::string& line) { spdlog::warn("{}", Shown(line)); }};
}

}  // namespace

Service::Service(const SensorConfig& config, const RunRequest& request)
    : config_(config),
      request_(request),
      now_(ReadHostTime()),
      boot_ms_(static_cast<int64_t>(now_.wall_us / 1'000)),
      cores_(CoresOf(config.capture)),
      confinement_(config,
                   {.config_file = request.config_file,
                    .written = {request.alerts, request.devices, request.flows, request.health},
                    .folders = {}}) {
  heard_.Add(observer_);
}

Service::~Service() = default;

ExitStatus Service::Run() {
  absl::Status opened = Open();
  if (opened.ok()) opened = ReadModels();
  if (!opened.ok()) return ExitOf(opened);
  LogStart();
  Loop();
  return Stop();
}

// Tables come before sources: nothing waits in the kernel while they are made.
absl::Status Service::Open() {
  const bool dpdk = UsesDpdk(config_.capture);
  absl::Status given_up = GiveUpRights(&Confinement::Begin);
  if (given_up.ok() && !dpdk) given_up = GiveUpRights(&Confinement::Complete);
  if (!given_up.ok()) return given_up;
  if (const absl::Status loaded = LoadState(); !loaded.ok()) return loaded;
  if (const absl::Status made = MakeEngine(); !made.ok()) return made;
  return dpdk ? OpenDpdk() : OpenKernels();
}

// What the outputs lack is told together with what the interfaces lack.
absl::Status Service::OpenKernels() {
  absl::Status fault = OpenOutputs();
  if (const absl::Status opened = OpenSources(); !opened.ok()) return opened;
  fault.Update(OpenLocal());
  return fault;
}

absl::Status Service::OpenDpdk() {
  absl::Status opened = OpenSources();
  if (opened.ok()) opened = GiveUpRights(&Confinement::Complete);
  if (opened.ok()) opened = OpenOutputs();
  return opened.ok() ? OpenLocal() : opened;
}

absl::Status Service::GiveUpRights(absl::Status (Confinement::*step)()) {
  absl::Status given_up = (confinement_.*step)();
  if (!given_up.ok()) LogFault(given_up);
  return given_up;
}

absl::Status Service::OpenOutputs() {
  absl::StatusOr<std::unique_ptr<Outputs>> outputs = Outputs::Open(config_, request_, boot_ms_);
  if (outputs.ok()) {
    outputs_ = *std::move(outputs);
    heard_.Add(outputs_->sinks());
  } else {
    LogFault(outputs.status());
  }
  return outputs.status();
}

absl::Status Service::LoadState() {
  absl::StatusOr<std::optional<SavedState>> state = SavedState::Load(config_, request_, now_);
  if (!state.ok()) {
    LogFault(state.status());
    return state.status();
  }
  state_ = *std::move(state);
  return absl::OkStatus();
}

absl::Status Service::MakeEngine() {
  EngineSetup setup = SetupOf(config_, request_, boot_ms_, cores_.cores);
  if (state_ && state_->image) setup.secret = state_->image->header().secret;
  absl::StatusOr<std::unique_ptr<Engine>> engine =
      Engine::Create(config_, std::move(setup), heard_);
  if (!engine.ok()) {
    LogFault(engine.status());
    return engine.status();
  }
  engine_ = *std::move(engine);
  if (state_) keeper_ = KeepState(*std::move(state_), config_, boot_ms_, *engine_);
  state_.reset();
  reloader_ = std::make_unique<Reloader>(config_, request_, *engine_);
  table_bytes_ = PopulateMemory();
  return absl::OkStatus();
}

absl::Status Service::OpenSources() {
  absl::StatusOr<LiveSources> live =
      OpenLiveSources(config_.capture, config_.dpdk, StartTime(keeper_.get()));
  if (!live.ok()) {
    LogFault(live.status());
    return live.status();
  }
  live_ = *std::move(live);
  return absl::OkStatus();
}

absl::Status Service::OpenLocal() {
  if (outputs_ == nullptr || config_.local.off()) return absl::OkStatus();
  local_.emplace(config_, boot_ms_, outputs_->exporter(), *live_);
  const absl::Status listening = local_->Listen(config_.local);
  if (!listening.ok()) LogFault(listening);
  outputs_->sinks().Add(*local_);
  return listening;
}

// Last of all: who hears of models is there.
absl::Status Service::ReadModels() {
  const KafkaConfig kafka = config_.model_brokers();
  model_keys_ = config_.models.public_keys;
  absl::StatusOr<ModelKeys> keys = ModelKeys::Create(model_keys_);
  if (!keys.ok()) {
    LogFault(keys.status());
    return keys.status();
  }
  if (kafka.brokers.empty()) {
    if (!keys->empty() && config_.models.enabled) {
      spdlog::warn(
          "models: none are read: there are no brokers in models.brokers, nor in "
          "export.kafka.brokers");
    }
    return absl::OkStatus();
  }
  if (!keys->empty()) {
    spdlog::info("models of {} are believed, read from {} at {}", absl::StrJoin(keys->ids(), ", "),
                 config_.models.topic, Shown(absl::StrJoin(kafka.brokers, ", ")));
  }
  model_reader_ = std::make_unique<ModelReader>(ModelReader::Setup{
      .kafka = kafka,
      .topic = config_.models.topic,
      .models_max = config_.models.max,
      .keys = std::make_shared<const ModelKeys>(*std::move(keys)),
      .kept_file = keeper_ != nullptr ? config_.state.folder + "/models.versions" : "",
      .hand_on = [this](ModelsInUse models) { engine_->OfferModels(std::move(models)); }});
  reloader_->set_applied([this](const SensorConfig& config) { BelieveModels(config); });
  return absl::OkStatus();
}

void Service::BelieveModels(const SensorConfig& config) {
  if (config.models.public_keys == model_keys_) return;
  absl::StatusOr<ModelKeys> keys = ModelKeys::Create(config.models.public_keys);
  if (!keys.ok()) return LogFault(keys.status());
  model_keys_ = config.models.public_keys;
  model_reader_->SetKeys(std::make_shared<const ModelKeys>(*std::move(keys)));
}

void Service::LogStart() const {
  spdlog::info("vedette {}, sensor {} of site {}", VEDETTE_VERSION, config_.sensor, config_.site);
  for (const std::string& note : live_->notes) spdlog::info("{}", Shown(note));
  for (const std::string& note : confinement_.notes()) spdlog::info("{}", Shown(note));
  if (!cores_.why.empty()) spdlog::info("{}", cores_.why);
  spdlog::info("{} MiB of tables are in memory; listening", table_bytes_ >> 20);
}

void Service::Loop() {
  const auto progress = [this] {
    EngineProgress now = engine_->progress();
    if (model_reader_ != nullptr) now.models = model_reader_->turns();
    return now;
  };
  observer_.LookAt(progress, outputs_->exporter(), absl::Seconds(config_.sinks.stop_wait_s));
  observer_.OnReady();
  {
    const LiveWatch watch(
        *live_, {.reload = [this] { Reload(); }, .stopping = [this] { observer_.OnStopping(); }});
    engine_->RunLive(live_->pointers());
    reason_ = watch.reason();
  }
  observer_.OnStopping();
}

void Service::Reload() {
  observer_.OnReloading();
  reloader_->Reload();
  observer_.OnReady();
}

ExitStatus Service::Stop() {
  spdlog::info("stopped by {}; configuration of generation {}", reason_, engine_->generation());
  // What cannot be kept was told; events matter more.
  if (keeper_ != nullptr) static_cast<void>(keeper_->OnStop(engine_->control()));
  return outputs_->Finish().ok() ? ExitStatus::kDone : ExitStatus::kFailed;
}

}  // namespace vedette
