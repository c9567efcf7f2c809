#include "sensor/merge/device_directory.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"

namespace vedette {
namespace {

MacAddress MacOf(const EndpointKey& key) {
  MacAddress mac;
  std::copy_n(key.ip.bytes.begin(), mac.bytes.size(), mac.bytes.begin());
  return mac;
}

// What a device says of itself by DHCP its network has accepted; the others anyone may shout.
bool Outranks(NameSource a, NameSource b) { return a <= b; }

}  // namespace

size_t DeviceDirectory::KeyHasher::operator()(const EndpointKey& key) const {
  return absl::HashOf(key.ip.high(), key.ip.low(), key.vlan, key.is_mac);
}

DeviceDirectory::DeviceDirectory(std::string site, const HomeNetworks& home, size_t devices_max)
    : site_(std::move(site)), home_(&home), devices_max_(devices_max) {}

void DeviceDirectory::Observe(const IntervalView& view) {
  // All MACs first: which are routers' decides whose address it is.
  for (const EndpointInterval& endpoint : view.endpoints) {
    if (endpoint.mac_known && !endpoint.key.is_mac) ObserveMac(endpoint);
  }
  for (const EndpointInterval& endpoint : view.endpoints) {
    if (!endpoint.home || endpoint.last_us == 0) continue;
    AddressEntry& entry = addresses_[endpoint.key];
    entry.last_us = std::max(entry.last_us, endpoint.last_us);
    // Seen behind a router too, a device keeps the MAC it was seen with before.
    if (endpoint.mac_known && !(entry.mac_known && IsRouter(endpoint.mac))) {
      entry.mac = endpoint.mac;
      entry.mac_known = true;
    }
  }
  for (const NameSighting& sighting : view.names) ObserveName(sighting);
  Prune(addresses_, devices_max_, &evicted_);
  Prune(macs_, devices_max_, nullptr);
  Prune(names_, 2 * devices_max_, nullptr);
}

void DeviceDirectory::ObserveMac(const EndpointInterval& endpoint) {
  const IpAddress& ip = endpoint.key.ip;
  if (ip.is_zero() || ip.is_multicast() || ip.is_broadcast()) return;  // no one's address
  MacEntry& mac = macs_[EndpointKey::OfMac(endpoint.mac, 0)];
  mac.last_us = std::max(mac.last_us, endpoint.last_us);
  if (mac.router) return;
  if (!endpoint.home) {
    mac.router = true;
  } else if (std::find(mac.ips.begin(), mac.ips.end(), ip) == mac.ips.end()) {
    mac.ips.push_back(ip);
    const auto ip4s = std::count_if(mac.ips.begin(), mac.ips.end(),
                                    [](const IpAddress& other) { return other.is_v4(); });
    mac.router = static_cast<size_t>(ip4s) > kIp4sMax || mac.ips.size() > kIpsMax;
  }
  if (mac.router) mac.ips = {};
}

bool DeviceDirectory::IsRouter(const MacAddress& mac) const {
  const auto at = macs_.find(EndpointKey::OfMac(mac, 0));
  return at != macs_.end() && at->second.router;
}

void DeviceDirectory::ObserveName(const NameSighting& sighting) {
  if (!sighting.mac.is_zero()) Remember(EndpointKey::OfMac(sighting.mac, 0), sighting);
  if (!sighting.endpoint.is_mac && !sighting.endpoint.ip.is_zero()) {
    Remember(sighting.endpoint, sighting);
  }
}

void DeviceDirectory::Remember(const EndpointKey& key, const NameSighting& sighting) {
  Name& name = names_[key];
  name.last_us = std::max(name.last_us, sighting.arrival_us);
  if (!name.text.empty() && !Outranks(sighting.source, name.source)) return;
  const absl::string_view text(sighting.name.data(), sighting.name_length);
  if (name.source == sighting.source && name.text == text) return;
  name.source = sighting.source;
  name.text.assign(text.data(), text.size());
  name.number = ++name_changes_;
}

const DeviceDirectory::Name* DeviceDirectory::FindName(const EndpointKey& key) const {
  const auto at = names_.find(key);
  return at == names_.end() ? nullptr : &at->second;
}

DeviceDirectory::IdentityMark DeviceDirectory::MarkOf(const EndpointKey& key) const {
  IdentityMark mark;
  const auto number_of = [this](const EndpointKey& named) {
    const Name* name = FindName(named);
    return name == nullptr ? 0 : name->number;
  };
  if (key.is_mac) {
    mark.mac_name = number_of(EndpointKey::OfMac(MacOf(key), 0));
    return mark;
  }
  mark.name = number_of(key);
  const auto address = addresses_.find(key);
  if (address == addresses_.end() || !address->second.mac_known) return mark;
  mark.mac = address->second.mac;
  mark.router = IsRouter(mark.mac);
  mark.mac_name = number_of(EndpointKey::OfMac(mark.mac, 0));
  return mark;
}

template <typename Map>
void DeviceDirectory::Prune(Map& map, size_t max, uint64_t* evicted) {
  if (map.size() <= max) return;
  // An eighth at once, so that a flood of addresses does not pay a pass over all for each.
  std::vector<std::pair<uint64_t, EndpointKey>> by_age;
  by_age.reserve(map.size());
  for (const auto& [key, entry] : map) by_age.emplace_back(entry.last_us, key);
  const size_t gone = map.size() - max + max / 8;
  std::nth_element(by_age.begin(), by_age.begin() + static_cast<ptrdiff_t>(gone), by_age.end());
  for (size_t i = 0; i < gone; ++i) map.erase(by_age[i].second);
  if (evicted != nullptr) *evicted += gone;
}

DeviceIdentity DeviceDirectory::Identify(const EndpointKey& key) const {
  DeviceIdentity identity;
  identity.vlan = key.vlan;
  if (key.is_mac) {
    const MacAddress mac = MacOf(key);
    identity.mac = MacText(mac);
    identity.home = true;
    identity.device = absl::StrCat(site_, "/", key.vlan, "/", identity.mac);
    if (const Name* name = FindName(EndpointKey::OfMac(mac, 0))) identity.name = name->text;
    return identity;
  }
  identity.ip = IpText(key.ip);
  identity.home = home_->Contains(key.ip);
  if (!identity.home) {
    identity.vlan = 0;
    identity.device = absl::StrCat("ext/0/", identity.ip);
    return identity;
  }
  const Name* name = FindName(key);
  const auto address = addresses_.find(key);
  bool by_mac = false;
  if (address != addresses_.end() && address->second.mac_known) {
    const MacAddress& mac = address->second.mac;
    if (!IsRouter(mac) && !mac.is_zero() && !mac.is_group()) {
      const Name* mac_name = FindName(EndpointKey::OfMac(mac, 0));
      if (mac_name != nullptr && (name == nullptr || Outranks(mac_name->source, name->source))) {
        name = mac_name;
      }
      by_mac = !mac.is_locally_administered() ||
               (mac_name != nullptr && mac_name->source == NameSource::kDhcp);
      identity.mac = MacText(mac);
    }
  }
  if (name != nullptr) identity.name = name->text;
  identity.device = absl::StrCat(site_, "/", key.vlan, "/", by_mac ? identity.mac : identity.ip);
  return identity;
}

}  // namespace vedette
