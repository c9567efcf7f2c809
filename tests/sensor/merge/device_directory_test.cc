#include "sensor/merge/device_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/packet_builder.h"

namespace vedette {
namespace {

const MacAddress kOwn{{0x00, 0x11, 0x22, 0x33, 0x44, 0x55}};
const MacAddress kOther{{0x00, 0x11, 0x22, 0x33, 0x44, 0x66}};
const MacAddress kMadeUp{{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}};

// Intervals of one second, filled endpoint by endpoint.
class Directory {
 public:
  explicit Directory(size_t devices_max = 1'000) : directory_("lab", home_, devices_max) {}

  Directory& Sends(const std::string& ip, MacAddress mac, uint16_t vlan = 0) {
    EndpointInterval& endpoint = endpoints_.emplace_back();
    endpoint.key = {.ip = Ip(ip), .vlan = vlan};
    endpoint.home = home_.Contains(endpoint.key.ip);
    endpoint.mac_known = !mac.is_zero();
    endpoint.mac = mac;
    endpoint.first_us = endpoint.last_us = now_us_;
    endpoint.counters.packets_out = 1;
    return *this;
  }
  Directory& Names(const std::string& ip, MacAddress mac, NameSource source,
                   const std::string& name) {
    NameSighting& sighting = names_.emplace_back();
    sighting.endpoint = {.ip = Ip(ip)};
    sighting.mac = mac;
    sighting.source = source;
    sighting.arrival_us = now_us_;
    sighting.name_length = static_cast<uint8_t>(name.size());
    std::memcpy(sighting.name.data(), name.data(), name.size());
    return *this;
  }
  Directory& EndOfSecond() {
    IntervalView view;
    view.endpoints = endpoints_;
    view.names = names_;
    directory_.Observe(view);
    endpoints_.clear();
    names_.clear();
    now_us_ += 1'000'000;
    return *this;
  }
  DeviceIdentity Of(const std::string& ip, uint16_t vlan = 0) const {
    return directory_.Identify({.ip = Ip(ip), .vlan = vlan});
  }
  const DeviceDirectory& directory() const { return directory_; }

 private:
  HomeNetworks home_ = HomeNetworks::Default();
  DeviceDirectory directory_;
  std::vector<EndpointInterval> endpoints_;
  std::vector<NameSighting> names_;
  uint64_t now_us_ = 1'000'000;
};

TEST(DeviceDirectory, NamesByMacWhereItIsTheDevicesOwn) {
  Directory directory;
  directory.Sends("10.0.0.1", kOwn, 7).Sends("10.0.0.2", {}).EndOfSecond();
  const DeviceIdentity known = directory.Of("10.0.0.1", 7);
  EXPECT_EQ(known.device, "lab/7/00:11:22:33:44:55");
  EXPECT_EQ(known.ip, "10.0.0.1");
  EXPECT_EQ(known.mac, "00:11:22:33:44:55");
  EXPECT_EQ(known.vlan, 7);
  EXPECT_TRUE(known.home);
  EXPECT_EQ(directory.Of("10.0.0.2").device, "lab/0/10.0.0.2");  // no MAC was seen
  EXPECT_EQ(directory.Of("10.0.0.3").device, "lab/0/10.0.0.3");  // nothing was seen
  EXPECT_EQ(directory.Of("fd00::1").device, "lab/0/fd00::1");
}

TEST(DeviceDirectory, WhatIsOutsideHasNoSite) {
  Directory directory;
  directory.Sends("192.0.2.1", kOwn, 7).EndOfSecond();
  const DeviceIdentity outside = directory.Of("192.0.2.1", 7);
  EXPECT_EQ(outside.device, "ext/0/192.0.2.1");
  EXPECT_EQ(outside.vlan, 0);
  EXPECT_EQ(outside.mac, "");
  EXPECT_FALSE(outside.home);
}

TEST(DeviceDirectory, AMacThatSendsForOutsideIsARouters) {
  Directory directory;
  directory.Sends("10.0.0.1", kOwn).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/00:11:22:33:44:55");
  directory.Sends("192.0.2.1", kOwn).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/10.0.0.1");
  EXPECT_EQ(directory.Of("10.0.0.1").mac, "");
}

TEST(DeviceDirectory, AMacOfManyAddressesIsARouters) {
  Directory directory;
  for (int i = 1; i <= 8; ++i) directory.Sends(absl::StrCat("10.0.0.", i), kOwn);
  directory.EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/00:11:22:33:44:55");
  directory.Sends("10.0.0.9", kOwn).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/10.0.0.1");
  // IPv6 hosts change their addresses often: more of these are one machine still.
  Directory six;
  for (int i = 1; i <= 32; ++i) six.Sends(absl::StrCat("fd00::", i), kOwn);
  six.EndOfSecond();
  EXPECT_EQ(six.Of("fd00::1").device, "lab/0/00:11:22:33:44:55");
  six.Sends("fd00::99", kOwn).EndOfSecond();
  EXPECT_EQ(six.Of("fd00::1").device, "lab/0/fd00::1");
}

// No one's addresses: a DHCP client asks from 0.0.0.0 before it has one.
TEST(DeviceDirectory, AskingForAnAddressMakesNoRouter) {
  Directory directory;
  directory.Sends("0.0.0.0", kOwn).Sends("10.0.0.1", kOwn).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/00:11:22:33:44:55");
}

// Mirrored on both sides of a router, a device is seen with both MACs.
TEST(DeviceDirectory, ADeviceSeenBehindARouterTooKeepsItsOwnMac) {
  Directory directory;
  directory.Sends("192.0.2.1", kOther).Sends("10.0.0.1", kOwn).EndOfSecond();
  directory.Sends("10.0.0.1", kOther).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/00:11:22:33:44:55");
  // The other way round, and within one interval, in which the router shows itself last.
  Directory late;
  late.Sends("10.0.0.1", kOther).EndOfSecond();
  late.Sends("10.0.0.1", kOwn).Sends("192.0.2.1", kOther).EndOfSecond();
  EXPECT_EQ(late.Of("10.0.0.1").device, "lab/0/00:11:22:33:44:55");
}

TEST(DeviceDirectory, AnAddressGoesWithItsNewOwner) {
  Directory directory;
  directory.Sends("10.0.0.1", kOwn).EndOfSecond();
  directory.Sends("10.0.0.1", kOther).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/00:11:22:33:44:66");
}

TEST(DeviceDirectory, AMadeUpMacNeedsADhcpName) {
  Directory directory;
  directory.Sends("10.0.0.1", kMadeUp).EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/10.0.0.1");
  EXPECT_EQ(directory.Of("10.0.0.1").mac, "02:11:22:33:44:55");
  directory.Names("10.0.0.1", kMadeUp, NameSource::kMdns, "phone").EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/10.0.0.1");  // anyone may shout that
  EXPECT_EQ(directory.Of("10.0.0.1").name, "phone");
  directory.Names("0.0.0.0", kMadeUp, NameSource::kDhcp, "annas-phone").EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/02:11:22:33:44:55");
  EXPECT_EQ(directory.Of("10.0.0.1").name, "annas-phone");
}

TEST(DeviceDirectory, DhcpNamesOutrankWhatDevicesShout) {
  Directory directory;
  directory.Sends("10.0.0.1", kOwn)
      .Names("10.0.0.1", kOwn, NameSource::kDhcp, "real")
      .Names("10.0.0.1", {}, NameSource::kNetbios, "SHOUTED")
      .EndOfSecond();
  EXPECT_EQ(directory.Of("10.0.0.1").name, "real");
}

TEST(DeviceDirectory, FramesWithoutAnAddressAreNamedByMac) {
  Directory directory;
  const DeviceIdentity identity = directory.directory().Identify(EndpointKey::OfMac(kOwn, 5));
  EXPECT_EQ(identity.device, "lab/5/00:11:22:33:44:55");
  EXPECT_EQ(identity.ip, "");
}

// A sweep of spoofed addresses may not grow the directory, and forgets the oldest first.
TEST(DeviceDirectory, IsBoundedAndCountsWhatItForgets) {
  Directory directory(800);
  directory.Sends("10.0.0.1", kOwn).EndOfSecond();
  for (int i = 0; i < 50; ++i) {
    for (int host = 1; host <= 100; ++host) {
      directory.Sends(absl::StrCat("10.1.", i, ".", host), {});
    }
    directory.Sends("10.0.0.2", kOther).EndOfSecond();
    EXPECT_LE(directory.directory().devices(), 800U);
  }
  const DeviceDirectory& small = directory.directory();
  EXPECT_EQ(small.devices() + small.evicted(), 2U + 50 * 100);
  EXPECT_EQ(directory.Of("10.0.0.1").device, "lab/0/10.0.0.1");  // silent for longest
  EXPECT_EQ(directory.Of("10.0.0.2").device, "lab/0/00:11:22:33:44:66");
}

TEST(DeviceDirectory, WhoNeverSentTakesNoPlace) {
  HomeNetworks home = HomeNetworks::Default();
  DeviceDirectory directory("lab", home, 100);
  std::vector<EndpointInterval> scanned(1'000);
  for (size_t i = 0; i < scanned.size(); ++i) {
    scanned[i].key.ip = IpAddress::V4(10, 0, static_cast<uint8_t>(i / 250), uint8_t(i % 250));
    scanned[i].home = true;
  }
  IntervalView view;
  view.endpoints = scanned;
  directory.Observe(view);
  EXPECT_EQ(directory.devices(), 0U);
}

}  // namespace
}  // namespace vedette
