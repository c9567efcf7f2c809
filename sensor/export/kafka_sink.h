// Events to Kafka, nothing lost on the way: what the broker has not confirmed within a fifth of a
// second is on disk too, what it cannot take now waits there, and only its confirmation takes it
// away. At a start what an earlier run left of a topic goes before all that is new; later live
// events go first, and what the window has left drains the spool. Lives on its sink's thread;
// what it does with the spool is in kafka_sink_spool.cc.
#ifndef VEDETTE_SENSOR_EXPORT_KAFKA_SINK_H_
#define VEDETTE_SENSOR_EXPORT_KAFKA_SINK_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sensor/export/export_config.h"
#include "sensor/export/kafka_producer.h"
#include "sensor/export/message_log.h"
#include "sensor/export/sink.h"
#include "sensor/export/spool.h"

namespace vedette {

class KafkaSink final : public SinkWriter, private KafkaListener {
 public:
  // `sink` owns what is made here; `log` outlives both. No spool where its folder is empty. A
  // broker that is not there is no fault.
  static absl::StatusOr<std::unique_ptr<KafkaSink>> Create(const KafkaConfig& config,
                                                           SpoolOptions spool, Sink& sink,
                                                           MessageLog& log);
  ~KafkaSink() override;

  size_t Room() const override;
  void Write(std::vector<EventPointer> events) override;
  void Turn() override;
  absl::Status Finish(const StopLimits& limits) override;

 private:
  // An event that librdkafka has.
  struct Cargo {
    EventPointer event;
    uint64_t number = 0;  // in the spool; 0: in memory alone
    absl::Time sent;
    bool recent = false;    // in recent_
    bool reported = false;  // its fate is known; kept only because it is in recent_
  };

  static constexpr size_t kInFlightMax = 400'000;
  static constexpr size_t kKeptMax = 50'000;  // while neither broker nor disk takes them

  KafkaSink(const KafkaConfig& config, Sink& sink, MessageLog& log);

  void OnFate(void* cargo, Fate fate, absl::string_view why) override;
  void OnRoundTrip(int64_t ms) override;
  void OnTrouble(absl::string_view sort, absl::string_view message) override;

  bool ready() const {
    return producer_ != nullptr && producer_->topics().answered() && !batch_too_large_;
  }
  bool MaySend(Topic topic) const;
  // What an earlier run left of a topic is not all delivered.
  bool BehindEarlier(Topic topic) const {
    return spool_ != nullptr && !spool_->failed() && spool_->inherited(topic) != 0;
  }
  void Ship(EventPointer event, uint64_t number);
  void Settle(const EventPointer& event, uint64_t number, Fate fate);
  void SendLater(const EventPointer& event, uint64_t number);
  void Drop(const EventPointer& event, uint64_t number, DropReason reason);
  void DropTooLarge(const EventPointer& event, uint64_t number);
  void CountDelivered(const ExportEvent& event, uint64_t number);
  void BlockTopic(Topic topic);

  void TendProducer();
  void SayIfStalled();
  void ShrinkBatches();
  void RestartProducer(absl::string_view why);
  void ResendKept();
  void SpoolKept();
  void SpoolRecent();
  void ForgetReported();
  void DrainSpool();
  void NoteBacklog();
  void TendSpool();
  void NoteSpoolFailure(const absl::Status& status);
  void DropKeptOverflow();
  void SetGauges();
  bool WorkLeft() const;
  void KeepForNextStart();

  KafkaConfig config_;  // its batch_bytes shrinks when the broker refuses batches of that size
  ExportAccounts& accounts_;
  SinkGauges& gauges_;
  MessageLog& log_;
  std::unique_ptr<Spool> spool_;  // null: none
  std::unique_ptr<KafkaProducer> producer_;
  absl::Time now_, next_producer_, next_topics_, next_revival_, next_sync_;
  absl::Time last_progress_;  // or since when something is under way
  absl::Time last_delivery_ = absl::InfinitePast();
  std::array<absl::Time, kTopicCount> blocked_until_;
  uint64_t in_flight_ = 0, in_flight_bytes_ = 0;
  std::deque<Cargo*> recent_;      // under way and in memory alone, oldest first
  std::deque<EventPointer> kept_;  // for the spool, or, without one, to be sent again
  bool batch_too_large_ = false;   // nothing is sent until what is under way has come back
  absl::Time batch_too_large_since_;
  bool stall_said_ = false;
  absl::Time backlog_since_ = absl::InfiniteFuture();  // events wait in the spool; or none do
  uint64_t backlog_sent_ = 0;
  DropReason disk_reason_ = DropReason::kDiskFailed;
  std::vector<EventPointer> batch_;
  std::vector<uint64_t> numbers_;
  std::vector<SpooledEvent> drained_;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_EXPORT_KAFKA_SINK_H_
