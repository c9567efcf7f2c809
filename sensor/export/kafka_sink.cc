#include "sensor/export/kafka_sink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sensor/export/kafka_check.h"

namespace vedette {
namespace {

constexpr absl::Duration kTopicPause = absl::Seconds(5);
constexpr absl::Duration kTopicsAgain = absl::Seconds(15);
// With messages under way and none delivered for so long, the client itself is suspect.
constexpr absl::Duration kStale = absl::Minutes(10);
constexpr absl::Duration kSettle = absl::Seconds(30);
constexpr uint32_t kBatchBytesMin = 1;  // each message alone

}  // namespace

KafkaSink::KafkaSink(const KafkaConfig& config, Sink& sink, MessageLog& log)
    : config_(config),
      accounts_(sink.accounts()),
      gauges_(sink.gauges()),
      log_(log),
      now_(absl::Now()),
      next_producer_(absl::InfinitePast()),
      next_topics_(absl::InfinitePast()),
      next_revival_(absl::InfinitePast()),
      next_sync_(absl::InfinitePast()),
      last_progress_(now_) {
  blocked_until_.fill(absl::InfinitePast());
}

absl::StatusOr<std::unique_ptr<KafkaSink>> KafkaSink::Create(const KafkaConfig& config,
                                                             SpoolOptions spool, Sink& sink,
                                                             MessageLog& log) {
  std::unique_ptr<KafkaSink> made(new KafkaSink(config, sink, log));
  if (!spool.folder.empty()) {
    absl::StatusOr<std::unique_ptr<Spool>> opened =
        Spool::Open(std::move(spool), sink.accounts(), log);
    if (!opened.ok()) return opened.status();
    made->spool_ = *std::move(opened);
  }
  if (const std::string warning = ScramWarning(config); !warning.empty()) {
    log.Say("kafka_scram", warning);
  }
  // Here and not on the first turn, so that what is wrong with the client's settings is a fault
  // of the start.
  absl::StatusOr<std::unique_ptr<KafkaProducer>> producer =
      KafkaProducer::Create(made->config_, *made);
  if (!producer.ok()) return producer.status();
  made->producer_ = *std::move(producer);
  made->gauges_.producers_made.fetch_add(1);
  return made;
}

KafkaSink::~KafkaSink() {
  producer_.reset();
  for (Cargo* cargo : recent_) delete cargo;
}

bool KafkaSink::MaySend(Topic topic) const {
  return ready() && in_flight_ < kInFlightMax && in_flight_bytes_ < config_.in_flight_bytes_max &&
         blocked_until_[Index(topic)] <= now_;
}

size_t KafkaSink::Room() const {
  if (spool_ != nullptr) return kKeptMax;
  if (!ready() || !kept_.empty() || in_flight_ >= kInFlightMax ||
      in_flight_bytes_ >= config_.in_flight_bytes_max) {
    return 0;
  }
  return kInFlightMax - in_flight_;
}

void KafkaSink::Write(std::vector<EventPointer> events) {
  now_ = absl::Now();
  for (EventPointer& event : events) {
    if (MaySend(event->topic) && !BehindEarlier(event->topic)) {
      Ship(std::move(event), 0);
    } else {
      kept_.push_back(std::move(event));
    }
  }
}

void KafkaSink::Ship(EventPointer event, uint64_t number) {
  const ExportEvent& sent = *event;
  auto* const cargo = new Cargo{.event = std::move(event), .number = number, .sent = now_};
  const Fate fate = producer_->Send(sent.topic, sent.key, sent.json, cargo);
  if (fate != Fate::kDelivered) {
    // Refused before it was in any batch.
    if (fate == Fate::kTooLarge) {
      DropTooLarge(cargo->event, number);
    } else {
      Settle(cargo->event, number, fate);
    }
    delete cargo;
    return;
  }
  if (in_flight_ == 0) last_progress_ = now_;
  ++in_flight_;
  in_flight_bytes_ += sent.bytes();
  if (number == 0 && spool_ != nullptr) {
    cargo->recent = true;
    recent_.push_back(cargo);
  }
}

void KafkaSink::OnFate(void* opaque, Fate fate, absl::string_view /*why*/) {
  auto* const cargo = static_cast<Cargo*>(opaque);
  --in_flight_;
  in_flight_bytes_ -= cargo->event->bytes();
  Settle(cargo->event, cargo->number, fate);
  cargo->reported = true;
  if (!cargo->recent) delete cargo;
}

void KafkaSink::Settle(const EventPointer& event, uint64_t number, Fate fate) {
  switch (fate) {
    case Fate::kDelivered:
      CountDelivered(*event, number);
      return;
    case Fate::kTopicMissing:
      BlockTopic(event->topic);
      SendLater(event, number);
      return;
    case Fate::kLater:
      SendLater(event, number);
      return;
    case Fate::kTooLarge:
      // Alone in its batch, it is itself what is too large.
      if (event->json.size() + event->key.size() >= config_.batch_bytes ||
          config_.batch_bytes <= kBatchBytesMin) {
        DropTooLarge(event, number);
      } else {
        if (!batch_too_large_) batch_too_large_since_ = now_;
        batch_too_large_ = true;
        SendLater(event, number);
      }
      return;
    case Fate::kRefused:
      Drop(event, number, DropReason::kRefused);
      return;
  }
}

void KafkaSink::DropTooLarge(const EventPointer& event, uint64_t number) {
  Drop(event, number, DropReason::kTooLarge);
  log_.Say("kafka_too_large",
           absl::StrCat("Kafka: an event of ", event->json.size(), " bytes for ",
                        kTopicNames[Index(event->topic)],
                        " is larger than the broker takes and was dropped; raise the topic's "
                        "max.message.bytes"));
}

void KafkaSink::CountDelivered(const ExportEvent& event, uint64_t number) {
  last_progress_ = last_delivery_ = now_;
  const int64_t now_ms = absl::ToUnixMillis(now_);
  gauges_.from_made.Add(now_ms - event.made_ms);
  gauges_.from_packets.Add(now_ms - event.event_time_ms);
  if (number != 0 && spool_->Inherited(number)) {
    accounts_.InheritedDelivered();
  } else {
    accounts_.Delivered(event.topic);
  }
  if (number != 0) spool_->Remove(event.topic, number);
}

void KafkaSink::Drop(const EventPointer& event, uint64_t number, DropReason reason) {
  if (number != 0 && spool_->Inherited(number)) {
    accounts_.InheritedDropped();
  } else {
    accounts_.Dropped(event->topic, reason);
  }
  if (number != 0) spool_->Remove(event->topic, number);
}

void KafkaSink::SendLater(const EventPointer& event, uint64_t number) {
  if (number != 0) {
    spool_->Return(event->topic, number);
  } else {
    kept_.push_back(event);
  }
}

void KafkaSink::BlockTopic(Topic topic) {
  blocked_until_[Index(topic)] = now_ + kTopicPause;
  if (producer_ != nullptr && config_.create_topics && now_ >= next_topics_ && ready()) {
    next_topics_ = now_ + kTopicsAgain;
    producer_->topics().AskAgain(config_);
  }
}

void KafkaSink::OnRoundTrip(int64_t ms) { gauges_.round_trip_ms.store(ms); }

void KafkaSink::OnTrouble(absl::string_view sort, absl::string_view message) {
  log_.Say(sort, message);
}

void KafkaSink::Turn() {
  now_ = absl::Now();
  TendProducer();
  ForgetReported();
  if (spool_ == nullptr) {
    ResendKept();
  } else {
    SpoolKept();
    SpoolRecent();
    DrainSpool();
    NoteBacklog();
    TendSpool();
  }
  SetGauges();
}

void KafkaSink::TendProducer() {
  if (producer_ == nullptr) {
    if (now_ < next_producer_) return;
    absl::StatusOr<std::unique_ptr<KafkaProducer>> made = KafkaProducer::Create(config_, *this);
    if (!made.ok()) {
      next_producer_ = now_ + absl::Seconds(5);
      log_.Say("kafka_client", absl::StrCat("Kafka: no client: ", made.status().message()));
      return;
    }
    producer_ = *std::move(made);
    last_progress_ = now_;
    gauges_.producers_made.fetch_add(1);
  }
  if (!producer_->topics().asked() && now_ >= next_topics_) {
    next_topics_ = now_ + absl::Seconds(1);
    producer_->topics().Ask(config_);
  }
  producer_->Poll(absl::ZeroDuration());
  SayIfStalled();
  if (batch_too_large_) {
    ShrinkBatches();
  } else if (producer_->dead()) {
    RestartProducer("the client had a fatal error");
  } else if (in_flight_ != 0 && now_ - last_progress_ > kStale) {
    RestartProducer("nothing was delivered for ten minutes");
  }
}

// A broker that is away is told by the client; one that takes and does not answer is not.
void KafkaSink::SayIfStalled() {
  constexpr absl::Duration kStalled = absl::Seconds(5);
  if (in_flight_ == 0 || now_ - last_progress_ <= kStalled) {
    stall_said_ = false;
  } else if (!stall_said_) {
    stall_said_ = true;
    log_.Say("kafka_stalled", absl::StrCat("Kafka: ", in_flight_,
                                           " events are under way and none was confirmed for ",
                                           absl::ToInt64Seconds(kStalled), " s; ",
                                           spool_ == nullptr ? "what comes now waits in memory"
                                                             : "what comes now waits in the spool",
                                           "; see whether the brokers and their replicas keep up"));
  }
}

// Given up now, what another batch has already delivered would be sent twice.
void KafkaSink::ShrinkBatches() {
  if (in_flight_ != 0 && now_ - batch_too_large_since_ < kSettle) return;
  batch_too_large_ = false;
  const uint32_t before = config_.batch_bytes;
  config_.batch_bytes = std::max(before / 4, kBatchBytesMin);
  RestartProducer(
      absl::StrCat("the broker refuses batches of ", before, " bytes, now ", config_.batch_bytes));
  next_producer_ = now_;
}

void KafkaSink::RestartProducer(absl::string_view why) {
  log_.Say("kafka_restart", absl::StrCat("Kafka: client made anew: ", why));
  producer_.reset();
  next_producer_ = now_ + absl::Seconds(1);
}

void KafkaSink::ForgetReported() {
  while (!recent_.empty() && recent_.front()->reported) {
    delete recent_.front();
    recent_.pop_front();
  }
}

void KafkaSink::SetGauges() {
  gauges_.in_flight.store(static_cast<int64_t>(in_flight_), std::memory_order_relaxed);
  if (spool_ == nullptr) return;
  gauges_.spool_bytes.store(static_cast<int64_t>(spool_->bytes()), std::memory_order_relaxed);
  gauges_.spool_events.store(static_cast<int64_t>(spool_->entries()), std::memory_order_relaxed);
  gauges_.spool_oldest_ms.store(spool_->oldest_made_ms(), std::memory_order_relaxed);
  gauges_.spool_quarantined.store(static_cast<int64_t>(spool_->quarantined()),
                                  std::memory_order_relaxed);
}

bool KafkaSink::WorkLeft() const {
  return in_flight_ != 0 || !kept_.empty() || (spool_ != nullptr && spool_->waiting() != 0);
}

absl::Status KafkaSink::Finish(const StopLimits& limits) {
  now_ = absl::Now();
  last_delivery_ = now_;
  const absl::Time end = now_ + limits.total;
  while (WorkLeft() && now_ < end && now_ - last_delivery_ < limits.quiet) {
    Turn();
    absl::SleepFor(absl::Milliseconds(in_flight_ == 0 ? 5 : 1));
  }
  producer_.reset();
  ForgetReported();
  KeepForNextStart();
  SetGauges();
  return absl::OkStatus();
}

}  // namespace vedette
