#include "sensor/models/model_reader.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "sensor/event/text_safety.h"

namespace vedette {
namespace {

constexpr absl::Duration kTurn = absl::Milliseconds(200);
constexpr absl::Duration kHandOnEvery = absl::Seconds(1);
constexpr absl::Duration kConnectEvery = absl::Seconds(10);
constexpr absl::Duration kLogEvery = absl::Seconds(10);
constexpr absl::Duration kExpireEvery = absl::Seconds(60);

uint64_t NowUs() { return static_cast<uint64_t>(absl::ToUnixMicros(absl::Now())); }

}  // namespace

ModelReader::ModelReader(Setup setup)
    : setup_(std::move(setup)),
      log_([](const std::string& line) { spdlog::warn("{}", line); }),
      catalogue_(setup_.keys, setup_.models_max),
      keys_(setup_.keys),
      thread_([this](const std::stop_token& ended) { Work(ended); }) {}

ModelReader::~ModelReader() {
  thread_.request_stop();
  thread_.join();
}

void ModelReader::SetKeys(std::shared_ptr<const ModelKeys> keys) {
  const std::lock_guard lock(mutex_);
  new_keys_ = std::move(keys);
}

void ModelReader::Work(const std::stop_token& ended) {
  while (!ended.stop_requested()) {
    turns_.Add();
    TakeKeys();
    if (Connect()) {
      Poll();
    } else {
      absl::SleepFor(kTurn);
    }
    HandOn();
  }
  Keep();
  kafka_.reset();
}

void ModelReader::Restore() {
  restored_ = true;
  if (setup_.kept_file.empty()) {
    spdlog::warn("models: versions are not kept over a restart, as no state is: see state.when");
    return;
  }
  absl::StatusOr<KeptVersions> kept = ReadKept(setup_.kept_file);
  if (absl::IsNotFound(kept.status())) return;
  if (!kept.ok()) {
    spdlog::error("models: what was kept of their versions is refused, any version is taken: {}",
                  Printable(kept.status().message(), 1'024));
    return;
  }
  spdlog::info("models: versions of {} are known from before", kept->size());
  catalogue_.Restore(*std::move(kept));
  // Of those that are no longer believed a reload may have been missed.
  catalogue_.SetKeys(keys_);
}

void ModelReader::TakeKeys() {
  std::shared_ptr<const ModelKeys> keys;
  {
    const std::lock_guard lock(mutex_);
    keys = std::move(new_keys_);
  }
  if (keys == nullptr) return;
  keys_ = std::move(keys);
  spdlog::info("models: those of {} are believed from now on, and read again from the beginning",
               keys_->empty() ? "nobody" : "key " + absl::StrJoin(keys_->ids(), ", "));
  catalogue_.SetKeys(keys_);
  kafka_.reset();
  next_connect_ = absl::InfinitePast();
}

bool ModelReader::Connect() {
  if (keys_->empty()) return false;
  if (!restored_) Restore();
  if (kafka_ != nullptr) return true;
  const absl::Time now = absl::Now();
  if (now < next_connect_) return false;
  next_connect_ = now + kConnectEvery;
  auto kafka = KafkaModels::Create(
      setup_.kafka, setup_.topic,
      [this](absl::string_view sort, absl::string_view message) { log_.Say(sort, message); });
  if (!kafka.ok()) {
    log_.Say("models_client", kafka.status().message());
    return false;
  }
  kafka_ = *std::move(kafka);
  return true;
}

void ModelReader::Poll() {
  kafka_->Poll(kTurn, [this](const ModelMessage& message) { Take(message); });
}

void ModelReader::Take(const ModelMessage& message) {
  const std::optional<ModelFault> fault = catalogue_.Offer(message, NowUs());
  if (!fault || fault->why == ModelRefusal::kTombstone) return;
  log_.Say(absl::StrCat("model_", TextOf(fault->why).wire_name),
           absl::StrCat("model of ", Printable(*message.key), " is refused: ", fault->ToString()));
}

void ModelReader::HandOn() {
  const absl::Time now = absl::Now();
  if (now - looked_for_expired_ >= kExpireEvery) {
    looked_for_expired_ = now;
    catalogue_.DropExpired(NowUs());
    Keep();  // what could not be kept before
  }
  if (catalogue_.changed() && now - handed_on_ >= kHandOnEvery) {
    handed_on_ = now;
    Keep();  // before they are judged by: nothing older is taken from here on
    ModelsInUse models = catalogue_.Picture();
    name_ = models.name;
    setup_.hand_on(std::move(models));
  }
  LogModels(now);
}

// While the topic is still being read each second has another set.
void ModelReader::LogModels(absl::Time now) {
  const bool settled = kafka_ != nullptr && kafka_->caught_up();
  if (name_ == logged_ || (!settled && now - logged_at_ < kLogEvery)) return;
  logged_ = name_;
  logged_at_ = now;
  spdlog::info("models: {} in use, set {}; {} messages refused since the start",
               catalogue_.models(), logged_.empty() ? "none" : logged_, catalogue_.refused());
}

void ModelReader::Keep() {
  if (setup_.kept_file.empty() || !(catalogue_.kept_changed() || keep_failed_)) return;
  const absl::Status kept = WriteKept(setup_.kept_file, catalogue_.Keep());
  keep_failed_ = !kept.ok();
  if (keep_failed_) log_.Say("models_kept", absl::StrCat("models: ", kept.message()));
}

}  // namespace vedette
