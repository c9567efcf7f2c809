#include "sensor/pipeline/alert_pcaps.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "dataplane/decode/address_text.h"
#include "dataplane/track/community_id.h"

namespace vedette {
namespace {

constexpr uint64_t kGatherSecondsMax = 60;
constexpr size_t kFlowsNamedMax = 10;  // an alert that names so many may have more

// LINKTYPE_* of the registry; none where a packet has no number of its own.
std::optional<uint32_t> LinkNumber(LinkType link) {
  switch (link) {
    case LinkType::kEthernet:
      return 1;
    case LinkType::kRawIp:
      return 101;
    case LinkType::kNull:
      return 0;
    case LinkType::kLinuxSll:
      return 113;
    case LinkType::kLinuxSll2:
      return 276;
    case LinkType::kPpp:
      return 9;
    case LinkType::kIeee80211:
      return 105;
    case LinkType::kRadiotap:
      return 127;
    case LinkType::kUnsupported:
      return std::nullopt;
  }
  return std::nullopt;
}

void AppendWord(uint32_t word, std::string& out) {
  char bytes[sizeof word];
  std::memcpy(bytes, &word, sizeof word);  // the magic number says in which order
  out.append(bytes, sizeof word);
}

// draft-ietf-opsawg-pcap: magic number, version 2.4, two zeros, snap length, link type.
std::string PcapHeader(uint32_t snap_length, LinkType link) {
  std::string header;
  AppendWord(0xa1b2c3d4, header);
  AppendWord(2 | 4 << 16, header);
  AppendWord(0, header);
  AppendWord(0, header);
  AppendWord(snap_length, header);
  AppendWord(LinkNumber(link).value_or(0), header);
  return header;
}

constexpr size_t kRecordHeaderBytes = 16;

void AppendRecord(const TapedPacket& packet, std::string& out) {
  AppendWord(static_cast<uint32_t>(packet.arrival_us / 1'000'000), out);
  AppendWord(static_cast<uint32_t>(packet.arrival_us % 1'000'000), out);
  AppendWord(packet.kept_bytes, out);
  AppendWord(packet.wire_length, out);
  out.append(reinterpret_cast<const char*>(packet.bytes().data()), packet.kept_bytes);
}

TapeOptions TapesOf(const AlertPcapConfig& config) {
  const size_t bytes = (size_t{config.memory_mib} << 20) / 2;
  return {.bytes = bytes / (kShards * PacketRecorder::kGenerations) & ~size_t{7},
          .snap_length = config.snap_length_bytes,
          .packets_of_pair = static_cast<uint8_t>(std::min(config.packets, 255U))};
}

}  // namespace

absl::StatusOr<std::unique_ptr<AlertPcaps>> AlertPcaps::Open(const AlertPcapConfig& config,
                                                             AlertPcapSetup setup,
                                                             EventSink& next) {
  absl::StatusOr<std::unique_ptr<PcapFolder>> folder =
      PcapFolder::Open(config.folder, config.folder_bytes_max, !setup.live, setup.tell);
  if (!folder.ok()) return folder.status();
  return std::unique_ptr<AlertPcaps>(
      new AlertPcaps(config, std::move(setup), next, *std::move(folder)));
}

AlertPcaps::AlertPcaps(const AlertPcapConfig& config, AlertPcapSetup setup, EventSink& next,
                       std::unique_ptr<PcapFolder> folder)
    : config_(config),
      next_(next),
      folder_(std::move(folder)),
      gathering_max_(std::clamp<size_t>(
          (size_t{config.memory_mib} << 20) / 2 / config.file_bytes_max, 1, 256)) {
  for (size_t i = 0; i < setup.workers; ++i) {
    recorders_.push_back(std::make_unique<PacketRecorder>(i, setup.workers, setup.hash,
                                                          TapesOf(config), !setup.live));
  }
}

PacketSource& AlertPcaps::Taped(size_t worker, PacketSource& source) {
  sources_.push_back(std::make_unique<RecordingSource>(source, *recorders_[worker]));
  return *sources_.back();
}

void AlertPcaps::OnInterval(const IntervalView& view, const IdentityOf& identify) {
  second_ = view.begin_us / 1'000'000;
  next_.OnInterval(view, identify);
}

void AlertPcaps::OnAlert(const AlertEvent& event) {
  next_.OnAlert(event);
  const auto known = gathering_.find(event.alert_id);
  if (known != gathering_.end()) {
    Aim(event, known->second);
    known->second.closed = event.state == "close";
  } else if (event.state == "open" && gathering_.size() < gathering_max_) {
    Gathering& gathering = gathering_[event.alert_id];
    gathering.opened_second = second_;
    Aim(event, gathering);
  } else if (event.state == "open") {
    ++passed_over_;
  }
}

// As events name them: an address, or a MAC where there is none.
std::optional<PacketEnd> AlertPcaps::EndOf(const std::string& text) {
  if (const absl::StatusOr<IpAddress> ip = ParseIp(text); ip.ok()) return PacketEnd{*ip};
  const std::string bytes = absl::HexStringToBytes(absl::StrReplaceAll(text, {{":", ""}}));
  MacAddress mac;
  if (text.size() != 17 || bytes.size() != mac.bytes.size()) return std::nullopt;
  std::memcpy(mac.bytes.data(), bytes.data(), bytes.size());
  return PacketEnd{EndpointKey::OfMac(mac, 0).ip, true};
}

// What the event says of the two ends; its peers may change while it is open.
void AlertPcaps::Aim(const AlertEvent& event, Gathering& gathering) const {
  const absl::StatusOr<Prefix> device = ParsePrefix(event.device_ip);
  if (device.ok()) {
    gathering.device = {.ip = device->address};
    gathering.prefix_length = device->length;
  } else if (const std::optional<PacketEnd> mac = EndOf(event.device_mac); mac.has_value()) {
    gathering.device = *mac;
  }
  gathering.peers.clear();
  for (const std::string& peer : event.peers) {
    if (const std::optional<PacketEnd> end = EndOf(peer); end.has_value()) {
      gathering.peers.push_back(*end);
    }
  }
  // More than are named, or none at all: whoever it was.
  gathering.any_peer =
      gathering.peers.empty() || event.peer_count > static_cast<int64_t>(gathering.peers.size());
  gathering.flows = event.flows.size() < kFlowsNamedMax ? event.flows : std::vector<std::string>();
  // A flow that is named is wanted from its beginning on.
  gathering.since_us = gathering.flows.empty()
                           ? static_cast<uint64_t>(std::max<int64_t>(0, event.start_ms)) * 1'000
                           : 0;
}

// Of each second that is complete, its shards one behind the other.
std::vector<AlertPcaps::Second> AlertPcaps::TakeTapes() {
  absl::btree_map<std::pair<uint64_t, size_t>, std::pair<PacketTape*, PacketRecorder*>> tapes;
  for (const auto& recorder : recorders_) {
    while (PacketTape* const tape = recorder->Oldest(second_)) {
      tapes.emplace(std::pair(tape->second(), tape->shard()), std::pair(tape, recorder.get()));
    }
  }
  std::vector<Second> seconds;
  for (const auto& [place, taken] : tapes) {
    if (seconds.empty() || seconds.back().second != place.first) {
      seconds.push_back({.second = place.first});
    }
    const std::span<const uint64_t> words = taken.first->words();
    seconds.back().words.insert(seconds.back().words.end(), words.begin(), words.end());
    taken.second->GiveBack(taken.first);
  }
  return seconds;
}

void AlertPcaps::OnTick() {
  std::vector<Second> seconds = TakeTapes();
  for (const Second& second : past_) SearchAll(second, /*fresh_only=*/true);
  for (auto& [id, gathering] : gathering_) gathering.fresh = false;
  for (Second& second : seconds) {
    SearchAll(second, /*fresh_only=*/false);
    past_words_ += second.words.size();
    past_.push_back(std::move(second));
  }
  const size_t words_max = (size_t{config_.memory_mib} << 20) / 2 / sizeof(uint64_t);
  while (!past_.empty() && past_words_ > words_max) {
    past_words_ -= past_.front().words.size();
    past_.pop_front();
  }
  FinishDone();
  next_.OnTick();
}

void AlertPcaps::OnEnd(const IdentityOf& identify) {
  second_ = ~uint64_t{0};
  for (const Second& second : TakeTapes()) SearchAll(second, /*fresh_only=*/false);
  for (auto& [id, gathering] : gathering_) Write(id, gathering);
  gathering_.clear();
  folder_->Stop();
  next_.OnEnd(identify);
}

void AlertPcaps::SearchAll(const Second& second, bool fresh_only) {
  Index index;
  std::vector<Gathering*> prefixes;
  for (auto& [id, gathering] : gathering_) {
    if ((fresh_only && !gathering.fresh) || Full(gathering)) continue;
    if (gathering.prefix_length < 128) {
      prefixes.push_back(&gathering);
    } else {
      index[gathering.device].push_back(&gathering);
    }
  }
  if (index.empty() && prefixes.empty()) return;
  Search(second, index, prefixes);
  for (auto& [id, gathering] : gathering_) Keep(gathering);
}

void AlertPcaps::Search(const Second& second, const Index& index,
                        const std::vector<Gathering*>& prefixes) {
  EachTaped(second.words, [&](const TapedPacket& packet) {
    const auto offer = [&](const EndpointKey& end) {
      const auto at = index.find(PacketEnd{end.ip, end.is_mac});
      if (at == index.end()) return;
      for (Gathering* const gathering : at->second) Offer(packet, *gathering);
    };
    offer(packet.source);
    if (packet.has_target) offer(packet.target);
    for (Gathering* const gathering : prefixes) Offer(packet, *gathering);
  });
}

// One packet may be offered for each of its ends.
void AlertPcaps::Offer(const TapedPacket& packet, Gathering& gathering) const {
  if (packet.arrival_us < gathering.since_us) return;
  if (!gathering.found.empty() && gathering.found.back() == &packet) return;
  if (!LinkNumber(packet.link).has_value()) return;
  const auto is_device = [&gathering](const EndpointKey& end) {
    if (end.is_mac != gathering.device.is_mac) return false;
    if (gathering.prefix_length == 128) return end.ip == gathering.device.ip;
    return NetworkOf(end.ip, gathering.prefix_length) == gathering.device.ip;
  };
  const auto is_peer = [&gathering](const EndpointKey& end) {
    return gathering.any_peer || std::find(gathering.peers.begin(), gathering.peers.end(),
                                           PacketEnd{end.ip, end.is_mac}) != gathering.peers.end();
  };
  const bool between = packet.has_target ? (is_device(packet.source) && is_peer(packet.target)) ||
                                               (is_device(packet.target) && is_peer(packet.source))
                                         : gathering.any_peer && is_device(packet.source);
  if (!between) return;
  if (!gathering.flows.empty()) {
    if (!packet.has_flow) return;
    const std::string id = CommunityId(packet.flow);
    if (std::find(gathering.flows.begin(), gathering.flows.end(), id) == gathering.flows.end()) {
      return;
    }
  }
  gathering.found.push_back(&packet);
}

bool AlertPcaps::Full(const Gathering& gathering) const {
  return gathering.packets >= config_.packets;
}

// By time, over all shards: the same for any number of workers.
void AlertPcaps::Keep(Gathering& gathering) {
  std::stable_sort(
      gathering.found.begin(), gathering.found.end(),
      [](const TapedPacket* a, const TapedPacket* b) { return a->arrival_us < b->arrival_us; });
  for (const TapedPacket* const packet : gathering.found) {
    if (Full(gathering)) break;
    if (gathering.packets == 0) gathering.link = packet->link;
    if (packet->link != gathering.link) continue;  // a file has one link type
    const size_t bytes = kRecordHeaderBytes + packet->kept_bytes;
    if (gathering.records.size() + bytes + 24 > config_.file_bytes_max) {
      gathering.packets = config_.packets;  // full of bytes
      break;
    }
    AppendRecord(*packet, gathering.records);
    ++gathering.packets;
  }
  gathering.found.clear();
}

void AlertPcaps::FinishDone() {
  for (auto at = gathering_.begin(); at != gathering_.end();) {
    Gathering& gathering = at->second;
    const bool done = gathering.closed || Full(gathering) ||
                      second_ >= gathering.opened_second + kGatherSecondsMax;
    if (done) Write(at->first, gathering);
    at = done ? gathering_.erase(at) : std::next(at);
  }
}

void AlertPcaps::Write(const std::string& id, Gathering& gathering) {
  if (gathering.records.empty()) return;
  std::string file = PcapHeader(config_.snap_length_bytes, gathering.link);
  file += gathering.records;
  folder_->Put(id, std::move(file));
}

}  // namespace vedette
