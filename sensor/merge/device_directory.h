// Which rows are one device, which MAC is a router, what a device calls itself: decided after the
// merge, on what all intervals so far have shown. Owned and called by the control thread.
//
// A home address is named by its own MAC (it keeps it when DHCP moves it), unless the MAC is a
// router's or made up (locally administered: phones change it) without a DHCP name to hold on to.
// A router is a MAC that sends for an address outside home, or for more home addresses than one
// machine has.
#ifndef VEDETTE_SENSOR_MERGE_DEVICE_DIRECTORY_H_
#define VEDETTE_SENSOR_MERGE_DEVICE_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "detectors/interval_view.h"
#include "sensor/merge/device_identity.h"

namespace vedette {

class DeviceDirectory {
 public:
  // At most `devices_max` home addresses are remembered; then the least recently active go.
  DeviceDirectory(std::string site, const HomeNetworks& home, size_t devices_max);

  void Observe(const IntervalView& view);
  // Whose addresses are devices, from here on; it outlives this.
  void SetHome(const HomeNetworks& home) { home_ = &home; }
  DeviceIdentity Identify(const EndpointKey& key) const;
  // What Identify depends on, without its texts: while it is the same, so are they.
  struct IdentityMark {
    MacAddress mac;
    bool router = false;
    uint64_t name = 0, mac_name = 0;  // which one; 0: none

    bool operator==(const IdentityMark&) const = default;
  };
  IdentityMark MarkOf(const EndpointKey& key) const;

  size_t devices() const { return addresses_.size(); }
  size_t devices_max() const { return devices_max_; }
  uint64_t evicted() const { return evicted_; }

  // See detectors/keep.h.
  template <typename Io>
  void Keep(Io& io) {
    io("addresses", addresses_);
    io("macs", macs_);
    io("names", names_);
  }

 private:
  static constexpr size_t kIp4sMax = 8, kIpsMax = 32;  // of one machine

  struct KeyHasher {
    size_t operator()(const EndpointKey& key) const;
  };
  struct AddressEntry {
    MacAddress mac;
    bool mac_known = false;
    uint64_t last_us = 0;

    template <typename Io>
    void Keep(Io& io) {
      io("mac", mac);
      io("mac_known", mac_known);
      io("last_us", last_us);
    }
  };
  struct Name {
    NameSource source = NameSource::kDhcp;
    std::string text;
    uint64_t last_us = 0;
    uint64_t number = 1;  // of its last change; what was restored has not changed since

    template <typename Io>
    void Keep(Io& io) {
      io("source", source);
      io("text", text);
      io("last_us", last_us);
    }
  };
  struct MacEntry {
    bool router = false;
    std::vector<IpAddress> ips;  // home ones it sent for; emptied once it is a router
    uint64_t last_us = 0;

    template <typename Io>
    void Keep(Io& io) {
      io("router", router);
      io("ips", ips);
      io("last_us", last_us);
    }
  };

  void ObserveMac(const EndpointInterval& endpoint);
  bool IsRouter(const MacAddress& mac) const;
  void ObserveName(const NameSighting& sighting);
  void Remember(const EndpointKey& key, const NameSighting& sighting);
  const Name* FindName(const EndpointKey& key) const;
  template <typename Map>
  void Prune(Map& map, size_t max, uint64_t* evicted);

  std::string site_;
  const HomeNetworks* home_;
  size_t devices_max_;
  absl::flat_hash_map<EndpointKey, AddressEntry, KeyHasher> addresses_;
  absl::flat_hash_map<EndpointKey, MacEntry, KeyHasher> macs_;  // keys of OfMac(mac, 0)
  absl::flat_hash_map<EndpointKey, Name, KeyHasher> names_;     // of addresses and of MACs
  uint64_t evicted_ = 0;
  uint64_t name_changes_ = 1;
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_MERGE_DEVICE_DIRECTORY_H_
