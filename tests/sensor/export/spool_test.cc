// The spool's promises: what is dropped, what is kept, what a crash may take and what it may not.
#include "sensor/export/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sensor/export/spool_entry.h"
#include "tests/sensor/export/torn_disk.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::array<bool, kTopicCount> kAll = {true, true, true, true};

EventPointer EventOf(Topic topic, uint64_t seq, size_t bytes = 100) {
  auto event = std::make_shared<ExportEvent>();
  event->topic = topic;
  event->seq = seq;
  event->made_ms = 1'700'000'000'000 + static_cast<int64_t>(seq);
  event->key = absl::StrCat("site/0/", seq % 7);
  event->json = absl::StrCat("{\"seq\":", seq, "}");
  event->json.resize(std::max(bytes, event->json.size()), ' ');
  return event;
}

struct Bench {
  explicit Bench(std::shared_ptr<TornDisk> made_up, uint64_t max = 64 << 20)
      : disk(std::move(made_up)), bytes_max(max) {}
  absl::Status Open() {
    auto opened = Spool::Open({.folder = "/spool", .bytes_max = bytes_max, .file_system = disk},
                              accounts, log);
    if (opened.ok()) spool = *std::move(opened);
    return opened.status();
  }
  absl::Status Add(Topic topic, uint64_t from, uint64_t count, size_t bytes = 100) {
    std::vector<EventPointer> events;
    for (uint64_t i = 0; i < count; ++i) events.push_back(EventOf(topic, from + i, bytes));
    for (const EventPointer& event : events) accounts.Made(event->topic);
    return spool->Append(events, false, numbers);
  }
  std::vector<SpooledEvent> TakeAll(std::array<bool, kTopicCount> wanted = kAll) {
    std::vector<SpooledEvent> out;
    spool->Take(wanted, 1'000'000, UINT64_MAX, out);
    return out;
  }

  std::shared_ptr<TornDisk> disk;
  uint64_t bytes_max;
  ExportAccounts accounts;
  std::vector<std::string> said;
  MessageLog log{[this](const std::string& line) { said.push_back(line); }};
  std::vector<uint64_t> numbers;
  std::unique_ptr<Spool> spool;
};

std::vector<uint64_t> SeqsOf(const std::vector<SpooledEvent>& taken, Topic topic) {
  std::vector<uint64_t> seqs;
  for (const SpooledEvent& spooled : taken) {
    if (spooled.event->topic == topic) seqs.push_back(spooled.event->seq);
  }
  return seqs;
}

TEST(SpoolEntry, IsFoundOutWhereItIsNotItself) {
  const EventPointer event = EventOf(Topic::kAlerts, 5);
  std::string value;
  EncodeSpoolValue(*event, 77, value);
  const auto back = DecodeSpoolValue(Topic::kAlerts, 77, value);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->json, event->json);
  EXPECT_EQ(back->key, event->key);
  EXPECT_EQ(back->seq, 5U);
  EXPECT_EQ(back->made_ms, event->made_ms);
  EXPECT_FALSE(DecodeSpoolValue(Topic::kAlerts, 78, value));   // another's place
  EXPECT_FALSE(DecodeSpoolValue(Topic::kDevices, 77, value));  // another topic's
  for (size_t i = 0; i < value.size(); ++i) {
    std::string bad = value;
    bad[i] ^= 4;
    EXPECT_FALSE(DecodeSpoolValue(Topic::kAlerts, 77, bad)) << i;
    EXPECT_FALSE(DecodeSpoolValue(Topic::kAlerts, 77, value.substr(0, i))) << i;
  }
}

TEST(Spool, HandsOutTheMostWorthFirstAndEachOnce) {
  Bench bench(std::make_shared<TornDisk>());
  ASSERT_TRUE(bench.Open().ok());
  ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 3).ok());
  ASSERT_TRUE(bench.Add(Topic::kAlerts, 1, 2).ok());
  ASSERT_TRUE(bench.Add(Topic::kHealth, 1, 1).ok());
  const auto taken = bench.TakeAll();
  ASSERT_THAT(taken, SizeIs(6));
  EXPECT_EQ(taken[0].event->topic, Topic::kAlerts);
  EXPECT_EQ(taken[2].event->topic, Topic::kHealth);
  EXPECT_EQ(taken[3].event->topic, Topic::kFlows);
  EXPECT_THAT(bench.TakeAll(), IsEmpty());
  EXPECT_EQ(bench.spool->oldest_made_ms(), 1'700'000'000'001);
  EXPECT_EQ(bench.spool->entries(), 6U);  // handing out takes nothing away
  bench.spool->Return(Topic::kAlerts, taken[1].number);
  const auto again = bench.TakeAll();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].number, taken[1].number);
  for (const auto& spooled : taken) bench.spool->Remove(spooled.event->topic, spooled.number);
  EXPECT_EQ(bench.spool->entries(), 0U);
  EXPECT_EQ(bench.spool->bytes(), 0U);
  EXPECT_EQ(bench.spool->oldest_made_ms(), 0);
}

TEST(Spool, WhatIsNotWantedWaits) {
  Bench bench(std::make_shared<TornDisk>());
  ASSERT_TRUE(bench.Open().ok());
  ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 3).ok());
  ASSERT_TRUE(bench.Add(Topic::kAlerts, 1, 2).ok());
  EXPECT_THAT(bench.TakeAll({false, true, true, true}), SizeIs(3));
  EXPECT_EQ(bench.spool->waiting(), 2U);
  EXPECT_THAT(bench.TakeAll(), SizeIs(2));
}

// A copy of what is under way is not handed out, unless it comes back.
TEST(Spool, CopiesOfWhatIsUnderWay) {
  Bench bench(std::make_shared<TornDisk>());
  ASSERT_TRUE(bench.Open().ok());
  const std::vector<EventPointer> events = {EventOf(Topic::kFlows, 1), EventOf(Topic::kFlows, 2)};
  ASSERT_TRUE(bench.spool->Append(events, true, bench.numbers).ok());
  EXPECT_EQ(bench.spool->waiting(), 0U);
  EXPECT_THAT(bench.TakeAll(), IsEmpty());
  bench.spool->Remove(Topic::kFlows, bench.numbers[0]);
  bench.spool->Return(Topic::kFlows, bench.numbers[1]);
  EXPECT_THAT(SeqsOf(bench.TakeAll(), Topic::kFlows), ElementsAre(2));
}

TEST(Spool, AFullOneDropsTheLeastWorthAndOldest) {
  Bench bench(std::make_shared<TornDisk>(), 100'000);
  ASSERT_TRUE(bench.Open().ok());
  ASSERT_TRUE(bench.Add(Topic::kAlerts, 1, 100, 300).ok());
  ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 400, 300).ok());
  EXPECT_LE(bench.spool->bytes(), 100'000U);
  ASSERT_TRUE(bench.Add(Topic::kDevices, 1, 100, 300).ok());
  EXPECT_LE(bench.spool->bytes(), 100'000U);
  const auto taken = bench.TakeAll();
  EXPECT_THAT(SeqsOf(taken, Topic::kAlerts), SizeIs(100));
  EXPECT_THAT(SeqsOf(taken, Topic::kDevices), SizeIs(100));
  const EventCounts flows = bench.accounts.Of(Topic::kFlows);
  const auto left = static_cast<int64_t>(SeqsOf(taken, Topic::kFlows).size());
  EXPECT_GT(left, 50);
  EXPECT_EQ(flows.dropped, 400 - left);
  EXPECT_EQ(flows.spooled, left);
  EXPECT_EQ(bench.accounts.DroppedBy(DropReason::kSpoolFull), static_cast<uint64_t>(400 - left));
  EXPECT_EQ(bench.accounts.Of(Topic::kAlerts).dropped, 0);
}

// Alerts go when there is nothing else, and never for something of less worth.
TEST(Spool, AlertsLast) {
  Bench bench(std::make_shared<TornDisk>(), 100'000);
  ASSERT_TRUE(bench.Open().ok());
  ASSERT_TRUE(bench.Add(Topic::kAlerts, 1, 280, 300).ok());
  ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 100, 300).ok());
  EXPECT_EQ(bench.accounts.Of(Topic::kAlerts).dropped, 0);
  EXPECT_GT(bench.accounts.Of(Topic::kFlows).dropped, 80);
  ASSERT_TRUE(bench.Add(Topic::kAlerts, 281, 50, 300).ok());
  const auto taken = bench.TakeAll();
  const auto alerts = SeqsOf(taken, Topic::kAlerts);
  EXPECT_THAT(SeqsOf(taken, Topic::kFlows), IsEmpty());
  EXPECT_EQ(alerts.back(), 330U);  // the newest are there
  EXPECT_EQ(bench.accounts.Of(Topic::kAlerts).dropped, 330 - static_cast<int64_t>(alerts.size()));
}

TEST(Spool, ARestartFindsWhatWasNotDelivered) {
  const auto disk = std::make_shared<TornDisk>();
  {
    Bench bench(disk);
    ASSERT_TRUE(bench.Open().ok());
    ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 5'000).ok());
    const auto taken = bench.TakeAll();
    for (size_t i = 0; i < 2'000; ++i) bench.spool->Remove(Topic::kFlows, taken[i].number);
    for (size_t i = 3'000; i < 3'100; ++i) bench.spool->Remove(Topic::kFlows, taken[i].number);
  }
  Bench bench(disk);
  ASSERT_TRUE(bench.Open().ok());
  EXPECT_EQ(bench.spool->entries(), 2'900U);
  EXPECT_EQ(bench.spool->oldest_made_ms(), 1'700'000'002'001);
  const auto taken = bench.TakeAll();
  ASSERT_THAT(taken, SizeIs(2'900));
  EXPECT_EQ(taken[0].event->seq, 2'001U);
  EXPECT_EQ(taken[1'000].event->seq, 3'101U);
  EXPECT_TRUE(bench.spool->Inherited(taken[0].number));
  ASSERT_TRUE(bench.Add(Topic::kFlows, 9'000, 1).ok());
  EXPECT_FALSE(bench.spool->Inherited(bench.numbers[0]));
}

// What was delivered out of turn is not handed out again, not even when all around it comes back;
// it leaves the disk with what is before it, and may be there again after a kill, but for no other
// entry's sake.
TEST(Spool, WhatIsRemovedOutOfTurn) {
  const auto disk = std::make_shared<TornDisk>();
  std::mt19937_64 random(3);
  {
    Bench bench(disk);
    ASSERT_TRUE(bench.Open().ok());
    ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 100).ok());
    const auto taken = bench.TakeAll();
    for (size_t i = 10; i < 60; ++i) bench.spool->Remove(Topic::kFlows, taken[i].number);
    for (size_t i = 0; i < 10; ++i) bench.spool->Return(Topic::kFlows, taken[i].number);
    ASSERT_TRUE(bench.spool->Sync().ok());
    EXPECT_EQ(bench.spool->entries(), 50U);
    EXPECT_THAT(SeqsOf(bench.TakeAll(), Topic::kFlows), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    disk->FailAfter(0);
  }
  disk->Crash(random);
  {
    Bench bench(disk);
    ASSERT_TRUE(bench.Open().ok());
    EXPECT_EQ(bench.spool->entries(), 100U);
    const auto taken = bench.TakeAll();
    ASSERT_THAT(taken, SizeIs(100));
    EXPECT_EQ(bench.spool->inherited(Topic::kFlows), 100U);
    for (size_t i = 10; i < 60; ++i) bench.spool->Remove(Topic::kFlows, taken[i].number);
  }
  Bench bench(disk);  // closed in peace
  ASSERT_TRUE(bench.Open().ok());
  EXPECT_EQ(bench.spool->entries(), 50U);
  EXPECT_THAT(bench.TakeAll(), SizeIs(50));
}

// What could not be written is the giver's still; afterwards all goes on and nothing counts twice.
TEST(Spool, AFullDiskIsSurvived) {
  Bench bench(std::make_shared<TornDisk>());
  ASSERT_TRUE(bench.Open().ok());
  ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 100).ok());
  const auto before = bench.TakeAll();
  bench.disk->SetFull(true);
  const absl::Status refused = bench.Add(Topic::kFlows, 101, 100);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_TRUE(bench.spool->failed());
  EXPECT_EQ(bench.spool->entries(), 100U);
  bench.spool->Remove(Topic::kFlows, before[0].number);  // delivered meanwhile
  EXPECT_FALSE(bench.spool->Revive().ok());
  bench.disk->SetFull(false);
  ASSERT_TRUE(bench.spool->Revive().ok());
  ASSERT_TRUE(bench.Add(Topic::kFlows, 101, 100).ok());
  EXPECT_EQ(bench.spool->entries(), 199U);
  bench.spool.reset();
  ASSERT_TRUE(bench.Open().ok());
  const auto taken = bench.TakeAll();
  ASSERT_THAT(taken, SizeIs(199));
  for (size_t i = 0; i < taken.size(); ++i) ASSERT_EQ(taken[i].event->seq, i + 2);
}

// A full disk is no reason not to start; what an earlier run left is there once the disk takes
// again.
TEST(Spool, ADiskThatIsFullAtTheStart) {
  const auto disk = std::make_shared<TornDisk>();
  {
    Bench bench(disk);
    ASSERT_TRUE(bench.Open().ok());
    ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 30).ok());
  }
  disk->SetFull(true);
  Bench bench(disk);
  ASSERT_TRUE(bench.Open().ok());
  EXPECT_TRUE(bench.spool->failed());
  EXPECT_THAT(bench.said, ElementsAre(HasSubstr("spool: takes nothing for now")));
  EXPECT_FALSE(bench.Add(Topic::kFlows, 31, 1).ok());
  disk->SetFull(false);
  ASSERT_TRUE(bench.spool->Revive().ok());
  EXPECT_EQ(bench.spool->inherited(Topic::kFlows), 30U);
  ASSERT_TRUE(bench.Add(Topic::kFlows, 31, 1).ok());
  EXPECT_FALSE(bench.spool->Inherited(bench.numbers[0]));
  EXPECT_THAT(bench.TakeAll(), SizeIs(31));
}

// What the library repairs it knows by files: a topic whose entries are in the log alone has one
// too.
TEST(Spool, ARepairFindsTopicsThatAreInTheLogAlone) {
  const auto disk = std::make_shared<TornDisk>();
  std::mt19937_64 random(5);
  {
    Bench bench(disk);
    ASSERT_TRUE(bench.Open().ok());
    ASSERT_TRUE(bench.Add(Topic::kAlerts, 1, 5).ok());
    ASSERT_TRUE(bench.Add(Topic::kFlows, 1, 7).ok());
    ASSERT_TRUE(bench.spool->Sync().ok());
    disk->FailAfter(0);
  }
  disk->Crash(random);
  ASSERT_TRUE(disk->DamageOne("CURRENT", random));
  Bench bench(disk);
  ASSERT_TRUE(bench.Open().ok());
  const auto taken = bench.TakeAll();
  EXPECT_THAT(SeqsOf(taken, Topic::kAlerts), SizeIs(5));
  EXPECT_THAT(SeqsOf(taken, Topic::kFlows), SizeIs(7));
}

TEST(Spool, DiskSpaceComesBack) {
  const auto disk = std::make_shared<TornDisk>();
  Bench bench(disk, 1 << 30);
  ASSERT_TRUE(bench.Open().ok());
  std::mt19937_64 random(1);
  for (uint64_t round = 0; round < 12; ++round) {
    std::vector<EventPointer> events;
    for (uint64_t i = 0; i < 10'000; ++i) {
      auto event = std::make_shared<ExportEvent>(*EventOf(Topic::kFlows, round * 10'000 + i));
      for (int j = 0; j < 40; ++j) absl::StrAppend(&event->json, random());  // not compressible
      events.push_back(std::move(event));
    }
    ASSERT_TRUE(bench.spool->Append(events, false, bench.numbers).ok());
  }
  const uint64_t full = disk->bytes();
  for (const auto& spooled : bench.TakeAll()) {
    bench.spool->Remove(Topic::kFlows, spooled.number);
  }
  ASSERT_TRUE(bench.spool->Sync().ok());
  bench.spool->Reclaim();
  EXPECT_EQ(bench.spool->entries(), 0U);
  EXPECT_GT(full, 60U << 20);
  EXPECT_LT(disk->bytes(), full * 2 / 3);  // the write-ahead log of the last ones stays for now
}

// Damage anywhere: what can be read is handed out as it was given, the rest is counted, and a sum
// is never wrong.
TEST(Spool, DamageIsCountedAndSteppedOver) {
  std::mt19937_64 random(7);
  for (const std::string suffix : {".sst", ".log", "CURRENT", ""}) {
    for (int round = 0; round < 12; ++round) {
      SCOPED_TRACE(absl::StrCat("'", suffix, "' round ", round));
      const auto disk = std::make_shared<TornDisk>();
      {
        Bench bench(disk);
        ASSERT_TRUE(bench.Open().ok());
        for (uint64_t i = 0; i < 5; ++i) {
          ASSERT_TRUE(bench.Add(Topic::kFlows, 1 + i * 200, 200).ok());
        }
        if (suffix == ".log") {
          // Not closed in peace: what was written last is in the log alone.
          ASSERT_TRUE(bench.spool->Sync().ok());
          disk->FailAfter(0);
        }
      }
      disk->Crash(random);
      for (int i = 0; i < 3; ++i) disk->DamageOne(suffix, random);
      Bench bench(disk);
      ASSERT_TRUE(bench.Open().ok());
      const uint64_t promised = bench.spool->entries();
      std::set<uint64_t> seen;
      for (const auto& spooled : bench.TakeAll()) {
        const uint64_t seq = spooled.event->seq;
        ASSERT_EQ(spooled.event->json, EventOf(Topic::kFlows, seq)->json);
        ASSERT_TRUE(seen.insert(seq).second) << seq;
      }
      EXPECT_EQ(bench.spool->waiting(), 0U);
      EXPECT_EQ(bench.spool->entries(), seen.size());
      EXPECT_EQ(bench.accounts.inherited_dropped() + seen.size(), std::max(promised, seen.size()));
    }
  }
}

// Every crash: what was synced and not taken away is there, whole; what was taken away and synced
// stays away; whatever else is there is something that was given once.
class CrashModel {
 public:
  explicit CrashModel(uint64_t seed) : random_(seed), disk_(std::make_shared<TornDisk>()) {}

  void Run(int crashes) {
    for (int i = 0; i < crashes && !::testing::Test::HasFatalFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("crash ", i));
      bench_ = std::make_unique<Bench>(disk_);
      const absl::Status opened = bench_->Open();
      ASSERT_TRUE(opened.ok()) << opened;
      Check();
      disk_->FailAfter(random_() % 120);
      while (!disk_->failed() && !bench_->spool->failed()) Step();
      bench_.reset();
      disk_->Crash(random_);
    }
  }
  uint64_t checked() const { return checked_; }

 private:
  struct Known {
    bool safe = false;     // synced since it was given
    bool removed = false;  // asked to be taken away
    bool gone = false;     // and nothing kept it on disk, and that was synced
  };

  void Step() {
    switch (random_() % 4) {
      case 0:
      case 1:
        Give();
        break;
      case 2:
        for (SpooledEvent& spooled : TakeSome()) {
          if (random_() % 3 == 0) {
            bench_->spool->Return(spooled.event->topic, spooled.number);
            uint64_t& first = returned_[Index(spooled.event->topic)];
            first = std::min(first, spooled.event->seq);
            continue;
          }
          bench_->spool->Remove(spooled.event->topic, spooled.number);
          known_[spooled.event->seq].removed = true;
        }
        break;
      default:
        Sync();
    }
  }
  void Give() {
    const uint64_t count = 1 + random_() % 40;
    std::vector<EventPointer> events;
    for (uint64_t i = 0; i < count; ++i) {
      events.push_back(EventOf(static_cast<Topic>(random_() % kTopicCount), ++seq_));
      known_[seq_] = {};
      topics_[seq_] = events.back()->topic;
    }
    bench_->spool->Append(events, false, bench_->numbers).IgnoreError();
  }
  std::vector<SpooledEvent> TakeSome() {
    std::vector<SpooledEvent> out;
    bench_->spool->Take(kAll, 1 + random_() % 60, UINT64_MAX, out);
    return out;
  }
  void Sync() {
    if (!bench_->spool->Sync().ok()) return;
    // What lies behind something that is still there, or came back, may stay for its sake.
    std::array<bool, kTopicCount> none_left{}, none_before{};
    none_left.fill(true);
    none_before.fill(true);
    for (const auto& [seq, known] : known_) none_left[Index(topics_[seq])] &= known.removed;
    for (auto& [seq, known] : known_) {
      const size_t topic = Index(topics_[seq]);
      none_before[topic] &= known.removed && seq < returned_[topic];
      known.safe = true;
      known.gone = none_left[topic] || none_before[topic];
    }
  }
  void Check() {
    returned_.fill(UINT64_MAX);
    std::set<uint64_t> found;
    const auto taken = bench_->TakeAll();
    for (const SpooledEvent& spooled : taken) {
      const uint64_t seq = spooled.event->seq;
      ASSERT_TRUE(known_.contains(seq)) << seq << " was never given, or is gone for good";
      ASSERT_FALSE(known_[seq].gone) << seq << " was taken away";
      ASSERT_EQ(spooled.event->json, EventOf(topics_[seq], seq)->json);
      ASSERT_TRUE(found.insert(seq).second) << seq << " is there twice";
      ++checked_;
    }
    EXPECT_EQ(bench_->spool->entries(), taken.size());
    for (const auto& [seq, known] : known_) {
      ASSERT_TRUE(!known.safe || known.removed || found.contains(seq)) << seq << " is lost";
    }
    std::map<uint64_t, Known> left;
    for (const SpooledEvent& spooled : taken) {
      left[spooled.event->seq] = {.safe = true};
      bench_->spool->Return(spooled.event->topic, spooled.number);
    }
    known_ = std::move(left);
  }

  std::mt19937_64 random_;
  std::shared_ptr<TornDisk> disk_;
  std::unique_ptr<Bench> bench_;
  std::map<uint64_t, Known> known_;
  std::map<uint64_t, Topic> topics_;
  std::array<uint64_t, kTopicCount> returned_{};  // the first of each topic, since it was opened
  uint64_t seq_ = 0, checked_ = 0;
};

// $VEDETTE_SPOOL_CRASHES times fifty; the suite named long makes a thousand.
TEST(Spool, SurvivesCrashesAtAnyMoment) {
  const char* const wanted = std::getenv("VEDETTE_SPOOL_CRASHES");
  const uint64_t seeds = wanted == nullptr ? 2 : std::strtoull(wanted, nullptr, 10) / 50;
  uint64_t checked = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    CrashModel model(seed);
    model.Run(50);
    if (HasFatalFailure()) return;
    checked += model.checked();
  }
  EXPECT_GT(checked, 500 * seeds);
}

TEST(Spool, ItsFilesAreItsOwnersAlone) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/vedette_spool_", getpid());
  ExportAccounts accounts;
  MessageLog log([](const std::string&) {});
  {
    auto spool = Spool::Open({.folder = folder}, accounts, log);
    ASSERT_TRUE(spool.ok()) << spool.status();
    std::vector<uint64_t> numbers;
    const std::vector<EventPointer> events = {EventOf(Topic::kAlerts, 1)};
    ASSERT_TRUE((*spool)->Append(events, false, numbers).ok());
    const auto second = Spool::Open({.folder = folder}, accounts, log);
    EXPECT_FALSE(second.ok());  // and is not set aside as damaged
  }
  struct stat found {};
  ASSERT_EQ(stat(folder.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ASSERT_EQ(stat(entry.path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 3U);
  auto again = Spool::Open({.folder = folder}, accounts, log);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->entries(), 1U);
  again->reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace vedette
