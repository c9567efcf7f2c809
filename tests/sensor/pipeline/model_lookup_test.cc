// Whose model is whose, as devices become known better, models expire and groups change. What was
// remembered is compared with what is looked up anew, step by step.
#include "sensor/pipeline/model_lookup.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "tests/detectors/made_model.h"

namespace vedette {
namespace {

const MacAddress kOwn{{0x00, 0x11, 0x22, 0x33, 0x44, 0x55}};
const MacAddress kMadeUp{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};
constexpr uint64_t kNow = 1'000'000;

struct Network {
  HomeNetworks home = HomeNetworks::Default();
  DeviceDirectory directory{"lab", home, 1'000};
  std::string group;
  int identified = 0;
  IdentityOf identify = [this](const EndpointKey& key) {
    ++identified;
    DeviceIdentity identity = directory.Identify(key);
    identity.group = group;
    return identity;
  };
  ModelLookup lookup{directory, identify};

  // A second in which the address sends, with that MAC, and says its name by DHCP.
  void Hears(const std::string& ip, const MacAddress& mac = {}, const std::string& name = "") {
    EndpointInterval endpoint;
    endpoint.key.ip = Ip(ip);
    endpoint.home = home.Contains(endpoint.key.ip);
    endpoint.mac_known = !mac.is_zero();
    endpoint.mac = mac;
    endpoint.first_us = endpoint.last_us = kNow;
    NameSighting sighting{.endpoint = endpoint.key, .mac = mac, .arrival_us = kNow};
    sighting.name_length = static_cast<uint8_t>(name.size());
    std::memcpy(sighting.name.data(), name.data(), name.size());
    IntervalView view;
    view.endpoints = {&endpoint, 1};
    if (!name.empty()) view.names = {&sighting, 1};
    directory.Observe(view);
  }
  void Give(std::vector<DeviceModel> models) {
    given = SetOf(std::move(models));
    lookup.Set(given);
  }
  // Whose model it is; "": none.
  std::string Of(const std::string& ip, uint64_t at_us = kNow) {
    const DeviceModel* const model = lookup.ModelOf({.ip = Ip(ip)}, at_us);
    ModelLookup anew(directory, identify);
    anew.Set(given);
    const DeviceModel* const expected = anew.ModelOf({.ip = Ip(ip)}, at_us);
    EXPECT_EQ(model, expected) << "what was remembered of " << ip << " is no longer true";
    return model == nullptr ? "" : model->device;
  }

  std::shared_ptr<const ModelSet> given;
};

TEST(ModelLookup, FollowsADeviceThatIsKnownBetter) {
  Network network;
  network.Give({PlainModel("lab/0/10.0.0.7"), PlainModel("lab/0/00:11:22:33:44:55"),
                PlainModel("lab/0/02:11:22:33:44:55")});
  EXPECT_EQ(network.Of("10.0.0.7"), "lab/0/10.0.0.7");
  EXPECT_EQ(network.Of("10.0.0.8"), "");
  network.Hears("10.0.0.7");
  EXPECT_EQ(network.Of("10.0.0.7"), "lab/0/10.0.0.7");
  network.Hears("10.0.0.7", kOwn);
  EXPECT_EQ(network.Of("10.0.0.7"), "lab/0/00:11:22:33:44:55") << "its MAC was learned";
  network.Hears("10.0.0.7", kMadeUp);
  EXPECT_EQ(network.Of("10.0.0.7"), "lab/0/10.0.0.7") << "a made-up MAC is no name";
  network.Hears("10.0.0.7", kMadeUp, "phone");
  EXPECT_EQ(network.Of("10.0.0.7"), "lab/0/02:11:22:33:44:55") << "with a DHCP name it is";
  network.Hears("10.0.0.9", kOwn);
  EXPECT_EQ(network.Of("10.0.0.9"), "lab/0/00:11:22:33:44:55") << "DHCP moved it";
  network.Hears("203.0.113.5", kOwn);
  EXPECT_EQ(network.Of("10.0.0.9"), "") << "the MAC is a router's";
}

TEST(ModelLookup, AGroupStandsInForItsDevices) {
  Network network;
  DeviceModel own = PlainModel("lab/0/10.0.0.7");
  own.valid_from_us = kNow;
  own.valid_to_us = kNow + 10;
  DeviceModel group = PlainModel("group/printers");
  group.valid_to_us = kNow + 20;
  network.Give({own, group});
  network.group = "printers";
  EXPECT_EQ(network.Of("10.0.0.8"), "group/printers");
  EXPECT_EQ(network.Of("10.0.0.7"), "lab/0/10.0.0.7");
  EXPECT_EQ(network.Of("10.0.0.7", kNow - 1), "group/printers") << "its own is not valid yet";
  EXPECT_EQ(network.Of("10.0.0.7", kNow + 10), "group/printers") << "nor any longer";
  EXPECT_EQ(network.Of("10.0.0.7", kNow + 20), "");
  network.group = "cameras";
  network.lookup.ForgetNames();
  EXPECT_EQ(network.Of("10.0.0.8"), "");
}

TEST(ModelLookup, MakesNoTextWhereNothingHasChanged) {
  Network network;
  network.Hears("10.0.0.7", kOwn, "printer");
  EXPECT_EQ(network.lookup.ModelOf({.ip = Ip("10.0.0.7")}, kNow), nullptr);
  EXPECT_EQ(network.identified, 0) << "without models nobody is asked for";
  network.Give({PlainModel("lab/0/00:11:22:33:44:55")});
  for (int second = 0; second < 1'000; ++second) {
    EXPECT_NE(network.lookup.ModelOf({.ip = Ip("10.0.0.7")}, kNow), nullptr);
    EXPECT_EQ(network.lookup.ModelOf({.ip = Ip("10.0.0.8")}, kNow), nullptr);
    network.Hears("10.0.0.7", kOwn, "printer");  // says the same again
    network.Hears("10.0.1.7");                   // somebody new
  }
  EXPECT_EQ(network.identified, 2);
  network.Give({});
  EXPECT_EQ(network.lookup.ModelOf({.ip = Ip("10.0.0.7")}, kNow), nullptr);
  network.lookup.Set(nullptr);
  EXPECT_EQ(network.lookup.ModelOf({.ip = Ip("10.0.0.7")}, kNow), nullptr);
}

TEST(ModelLookup, NamesInEachEventTheModelOfItsWindow) {
  Network network;
  network.Give({PlainModel("lab/0/10.0.0.7"), PlainModel("group/printers")});
  std::vector<DeviceEvent> events(3);
  const char* const devices[] = {"lab/0/10.0.0.7", "lab/0/10.0.0.8", "lab/0/10.0.0.9"};
  for (size_t i = 0; i < 3; ++i) {
    events[i].device = devices[i];
    events[i].features.assign(kFeatureCount, static_cast<double>(i));
    events[i].window_start_ms = 10'000;
    events[i].window_ms = 10'000;
    events[i].packets_in = 3;
    events[i].bytes_out = 70;
  }
  events[2].group = "printers";
  const ToldWindow told{
      .keys = {{.ip = Ip("10.0.0.7")}, {.ip = Ip("10.0.0.8")}, {.ip = Ip("10.0.0.9")}},
      .unwatched_share = 0.25,
      .lost_share = 0.5};
  const absl::Span<const DeviceWindow> windows = network.lookup.Attach(told, events);
  ASSERT_EQ(windows.size(), 2U);
  EXPECT_EQ(events[0].model_id, "plain-1");
  EXPECT_EQ(events[1].model_id, "");
  EXPECT_EQ(events[2].model_id, "plain-1");
  EXPECT_EQ(windows[1].device, "lab/0/10.0.0.9");
  EXPECT_EQ(windows[1].key.ip, Ip("10.0.0.9"));
  EXPECT_EQ(windows[1].model->device, "group/printers");
  EXPECT_EQ(windows[1].begin_us, 10'000'000U);
  EXPECT_EQ(windows[1].end_us, 20'000'000U);
  EXPECT_EQ(windows[1].features[23], 2);
  EXPECT_EQ(windows[1].packets_in, 3U);
  EXPECT_EQ(windows[1].bytes, 70U);
  EXPECT_EQ(windows[1].unwatched_share, 0.25);
  EXPECT_EQ(windows[1].lost_share, 0.5);
}

}  // namespace
}  // namespace vedette
