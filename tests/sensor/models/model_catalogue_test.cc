// Breaks if an older model takes the place of a newer one, if a restart lets one back in, if a set
// has another name for the same models, or if a swap costs a packet.
#include "sensor/models/model_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sensor/models/model_file.h"
#include "tests/sensor/models/model_writer.h"
#include "tests/traffic.h"

namespace vedette {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kDevice[] = "default/0/10.0.0.5";
constexpr uint64_t kNow = 1'800'000'000'000'000;

std::shared_ptr<const ModelKeys> KeysOf(const std::vector<TestSigner*>& signers) {
  std::vector<std::string> texts;
  for (const TestSigner* signer : signers) texts.push_back(signer->public_text());
  return std::make_shared<const ModelKeys>(*ModelKeys::Create(texts));
}
std::shared_ptr<const ModelKeys> Keys() {
  TestSigner signer;
  return KeysOf({&signer});
}

std::string Offered(ModelCatalogue& catalogue, const std::string& device, const std::string& text) {
  const auto fault = catalogue.Offer({.key = device, .value = text}, kNow);
  return fault ? std::string(TextOf(fault->why).wire_name) : "";
}
std::string Offered(ModelCatalogue& catalogue, int64_t version) {
  return Offered(catalogue, kDevice, MadeModel(kDevice, version));
}

TEST(ModelCatalogueTest, TheNewestWinsInAnyOrder) {
  std::vector<int64_t> versions = {1, 2, 3, 4};
  std::vector<std::string> messages;
  for (const int64_t version : versions) messages.push_back(MadeModel(kDevice, version));
  do {
    ModelCatalogue catalogue(Keys(), 10);
    for (const int64_t version : versions) Offered(catalogue, kDevice, messages[version - 1]);
    const ModelsInUse models = catalogue.Picture();
    ASSERT_EQ(models.set->size(), 1u);
    EXPECT_EQ(models.set->Find(kDevice)->version, 4);
    EXPECT_EQ(catalogue.taken() + catalogue.refused(ModelRefusal::kStaleVersion), 4u);
  } while (std::next_permutation(versions.begin(), versions.end()));
}

TEST(ModelCatalogueTest, WhatIsSentTwiceIsTakenOnceAndRefusedNever) {
  ModelCatalogue catalogue(Keys(), 10);
  EXPECT_EQ(Offered(catalogue, 5), "");
  catalogue.Picture();
  EXPECT_EQ(Offered(catalogue, 5), "");
  EXPECT_FALSE(catalogue.changed());
  EXPECT_EQ(catalogue.taken(), 1u);
  EXPECT_EQ(catalogue.refused(), 0u);
  nlohmann::json other = MadePayload(kDevice, 5);
  other["gap_p99_ms"] = 1;
  EXPECT_EQ(
      Offered(catalogue, kDevice, MadeEnvelope(kDevice, 5, other.dump(), TestSigner()).dump()),
      "stale_version");
}

TEST(ModelCatalogueTest, ATombstoneTakesNothingAway) {
  ModelCatalogue catalogue(Keys(), 10);
  Offered(catalogue, 1);
  const auto fault = catalogue.Offer({.key = kDevice, .value = std::nullopt}, kNow);
  EXPECT_EQ(fault->why, ModelRefusal::kTombstone);
  const ModelsInUse models = catalogue.Picture();
  EXPECT_EQ(models.set->size(), 1u);
  EXPECT_THAT(models.refused, ElementsAre(Pair("tombstone", 1)));
}

TEST(ModelCatalogueTest, ARefusedModelLeavesTheOneBefore) {
  ModelCatalogue catalogue(Keys(), 10);
  Offered(catalogue, 1);
  nlohmann::json poisoned = MadePayload(kDevice, 2);
  poisoned["feature_mad"][0] = -1;
  EXPECT_EQ(
      Offered(catalogue, kDevice, MadeEnvelope(kDevice, 2, poisoned.dump(), TestSigner()).dump()),
      "out_of_range");
  EXPECT_EQ(Offered(catalogue, 2), "");  // it has not used up the version
  EXPECT_EQ(catalogue.Picture().set->Find(kDevice)->version, 2);
}

TEST(ModelCatalogueTest, WhatHasExpiredIsRefusedAndMakesRoom) {
  ModelCatalogue catalogue(Keys(), 1);
  nlohmann::json payload = MadePayload("a", 1);
  payload["valid_to_ms"] = kNow / 1'000;
  const std::string text = MadeEnvelope("a", 1, payload.dump(), TestSigner()).dump();
  EXPECT_EQ(Offered(catalogue, "a", text), "expired");
  const auto earlier = catalogue.Offer({.key = "a", .value = text}, kNow - 1'000);
  EXPECT_FALSE(earlier.has_value());
  EXPECT_FALSE(catalogue.Offer({.key = "b", .value = MadeModel("b", 1)}, kNow).has_value());
  EXPECT_EQ(catalogue.models(), 1u);
  EXPECT_EQ(Offered(catalogue, "c", MadeModel("c", 1)), "too_many");
  EXPECT_EQ(Offered(catalogue, "b", MadeModel("b", 2)), "");
}

TEST(ModelCatalogueTest, AKeyThatIsGoneTakesItsModelsAndVersionsAlong) {
  TestSigner good, stolen(2);
  ModelCatalogue catalogue(KeysOf({&good, &stolen}), 10);
  Offered(catalogue, "a", MadeModel("a", 1, good));
  Offered(catalogue, "b", MadeModel("b", INT64_MAX, stolen));
  EXPECT_EQ(Offered(catalogue, "b", MadeModel("b", 1, good)), "stale_version");
  catalogue.SetKeys(KeysOf({&good}));
  EXPECT_EQ(catalogue.Picture().set->size(), 1u);
  EXPECT_EQ(Offered(catalogue, "b", MadeModel("b", 2, stolen)), "unknown_key");
  EXPECT_EQ(Offered(catalogue, "b", MadeModel("b", 1, good)), "");
}

TEST(ModelCatalogueTest, AfterARestartOnlyWhatWasNewestComesBack) {
  const std::string path = testing::TempDir() + "/models.versions";
  ModelCatalogue before(Keys(), 10);
  Offered(before, 3);
  ASSERT_TRUE(before.kept_changed());
  ASSERT_TRUE(WriteKept(path, before.Keep()).ok());
  EXPECT_FALSE(before.kept_changed());
  struct stat about;
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);

  ModelCatalogue after(Keys(), 10);
  after.Restore(*ReadKept(path));
  EXPECT_EQ(Offered(after, 2), "stale_version");
  EXPECT_EQ(after.models(), 0u);
  EXPECT_EQ(Offered(after, 3), "");
  EXPECT_EQ(after.models(), 1u);
  EXPECT_FALSE(after.kept_changed());  // nothing new to keep
  EXPECT_EQ(Offered(after, 4), "");
  EXPECT_TRUE(after.kept_changed());
}

TEST(KeptVersionsTest, ADamagedFileIsNoneAndSaysSo) {
  ModelCatalogue catalogue(Keys(), 10);
  Offered(catalogue, 3);
  const std::string text = TextOfKept(catalogue.Keep());
  ASSERT_TRUE(ParseKept(text).ok());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseKept(text.substr(0, size)).ok()) << size;
  }
  for (size_t at = 0; at < text.size(); ++at) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(ParseKept(flipped).ok()) << at;
  }
  EXPECT_TRUE(absl::IsNotFound(ReadKept(testing::TempDir() + "/no such file").status()));
}

TEST(ModelCatalogueTest, ASetIsNamedByWhatIsInIt) {
  ModelCatalogue one(Keys(), 10), other(Keys(), 10);
  EXPECT_EQ(one.Picture().name, "");
  for (const char* device : {"a", "b", "c"}) Offered(one, device, MadeModel(device, 1));
  for (const char* device : {"c", "a", "b"}) Offered(other, device, MadeModel(device, 1));
  const std::string name = one.Picture().name;
  EXPECT_EQ(name.size(), 16u);
  EXPECT_EQ(other.Picture().name, name);
  Offered(other, "b", MadeModel("b", 2));
  EXPECT_NE(other.Picture().name, name);
}

// A picture is made for many messages at once, and shares every model with the one before.
TEST(ModelCatalogueTest, SixteenThousandModels) {
  constexpr size_t kModels = 16'384;
  const TestSigner signer;
  ModelCatalogue catalogue(Keys(), kModels);
  for (size_t i = 0; i < kModels; ++i) {
    const std::string device = absl::StrCat("default/0/device-", i);
    ASSERT_EQ(Offered(catalogue, device, MadeModel(device, 1, signer)), "");
  }
  const ModelsInUse all = catalogue.Picture();
  EXPECT_EQ(all.set->size(), kModels);
  EXPECT_EQ(Offered(catalogue, kDevice, MadeModel(kDevice, 1, signer)), "too_many");
  const std::string changed = "default/0/device-5";
  EXPECT_EQ(Offered(catalogue, changed, MadeModel(changed, 2, signer)), "");
  const ModelsInUse next = catalogue.Picture();
  EXPECT_EQ(all.set->Find(changed)->version, 1);  // never changed once it is handed on
  EXPECT_EQ(next.set->Find(changed)->version, 2);
  EXPECT_EQ(next.set->Find("default/0/device-6"), all.set->Find("default/0/device-6"));
}

std::string Written(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << text;
  return path;
}

TEST(ModelFileTest, ALineIsAModelOrSaysWhyNot) {
  const ModelConfig config{.public_keys = {TestSigner().public_text()}};
  const std::string path =
      Written("models.ndjson", absl::StrCat(MadeModel("b", 2), "\n\n", MadeModel("b", 1),
                                            "\nnonsense\n", MadeModel("a", 1, TestSigner(2)), "\n",
                                            std::string(1 << 20, 'x'), "\n", MadeModel("a", 1)));
  const absl::StatusOr<ModelFileReading> reading = ReadModelFile(path, config);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_EQ(reading->models.set->size(), 2u);
  EXPECT_EQ(reading->models.set->Find("b")->version, 2);
  EXPECT_THAT(reading->models.refused, ElementsAre(Pair("not_json", 1), Pair("stale_version", 1),
                                                   Pair("too_large", 1), Pair("unknown_key", 1)));
  EXPECT_EQ(reading->unusable, 3u);
  EXPECT_THAT(reading->faults, ElementsAre(HasSubstr("models.ndjson:3: stale_version: "),
                                           HasSubstr("models.ndjson:4: not_json: "),
                                           HasSubstr("models.ndjson:5: unknown_key: "),
                                           HasSubstr("models.ndjson:6: too_large: ")));
}

TEST(ModelFileTest, WithoutAKeyNobodyIsBelieved) {
  const std::string path = Written("one.ndjson", MadeModel("a", 1));
  const absl::Status status = ReadModelFile(path, {}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("models.public_keys"));
  const ModelConfig config{.public_keys = {TestSigner().public_text()}};
  EXPECT_THAT(std::string(ReadModelFile(path + "x", config).status().message()),
              HasSubstr("one.ndjsonx"));
  EXPECT_FALSE(ReadModelFile(testing::TempDir(), config).ok());
}

TEST(ModelFileTest, AFileOfNothingButFaultsIsListedInPart) {
  std::string text;
  for (int i = 0; i < 250; ++i) text += "x\n";
  const ModelConfig config{.public_keys = {TestSigner().public_text()}};
  const auto reading = ReadModelFile(Written("bad.ndjson", text), config);
  ASSERT_TRUE(reading.ok());
  EXPECT_EQ(reading->unusable, 250u);
  EXPECT_EQ(reading->faults.size(), 101u);
  EXPECT_THAT(reading->faults.back(), HasSubstr("150 more"));
  EXPECT_EQ(reading->models.set, nullptr);
}

Traffic ASecondEach(int seconds) {
  Traffic traffic;
  for (int i = 0; i < seconds * 10; ++i) {
    traffic.At(1'000'000'000'000 + i * 100'000u, PacketBuilder()
                                                     .Ethernet()
                                                     .Ip4("10.0.0.5", "10.0.0.6")
                                                     .Udp(1'000, 2'000)
                                                     .Payload("x")
                                                     .Build());
  }
  return traffic;
}

// Offers another set at every tick.
class Swapper final : public TickVisitor {
 public:
  explicit Swapper(Engine& engine) : engine_(engine) {}
  void OnTick(Control&, uint64_t) override {
    const std::string device = absl::StrCat("device-", ++swaps_);
    Offered(catalogue_, device, MadeModel(device, 1));
    engine_.OfferModels(catalogue_.Picture());
  }
  int swaps() const { return swaps_; }

 private:
  Engine& engine_;
  ModelCatalogue catalogue_{Keys(), 1'000};
  int swaps_ = 0;
};

class Healths final : public EventSink {
 public:
  void OnInterval(const IntervalView& view, const IdentityOf&) override {
    packets += view.totals.packets;
  }
  void OnAlert(const AlertEvent&) override {}
  void OnDevice(const DeviceEvent&) override {}
  void OnFlow(const FlowEvent&) override {}
  void OnHealth(const HealthEvent& event) override { told.push_back(event); }
  uint64_t packets = 0;
  std::vector<HealthEvent> told;
};

TEST(ModelSwapTest, EverySecondASwapAndNoPacketIsLost) {
  for (const size_t workers : {1, 4}) {
    Healths healths;
    auto engine = Engine::Create(SensorConfig{}, workers, false, healths);
    ASSERT_TRUE(engine.ok());
    Swapper swapper(**engine);
    (*engine)->Attend(&swapper, AtEnd::kCloseAll);
    const Traffic traffic = ASecondEach(40);
    TrafficSource source(traffic);
    (*engine)->Run(source);
    EXPECT_EQ(healths.packets, 400u);
    EXPECT_GE(swapper.swaps(), 39);
    int64_t before = 0, processed = 0;
    for (const HealthEvent& event : healths.told) {
      EXPECT_GT(event.models, before);
      before = event.models;
      processed += event.packets_processed;
    }
    EXPECT_EQ(processed, 400);
  }
}

TEST(ModelSwapTest, WhatIsOfferedBeforeTheRunHoldsFromTheFirstWindowOn) {
  Healths healths;
  auto engine = Engine::Create(SensorConfig{}, 1, false, healths);
  ASSERT_TRUE(engine.ok());
  ModelCatalogue catalogue(Keys(), 10);
  Offered(catalogue, 1);
  catalogue.Offer({.key = kDevice, .value = std::nullopt}, kNow);
  const ModelsInUse models = catalogue.Picture();
  (*engine)->OfferModels(models);
  const Traffic traffic = ASecondEach(25);
  TrafficSource source(traffic);
  (*engine)->Run(source);
  ASSERT_FALSE(healths.told.empty());
  for (const HealthEvent& event : healths.told) {
    EXPECT_EQ(event.models, 1);
    EXPECT_EQ(event.model_set, models.name);
    EXPECT_THAT(event.models_refused, ElementsAre(Pair("tombstone", 1)));
  }
}

}  // namespace
}  // namespace vedette
