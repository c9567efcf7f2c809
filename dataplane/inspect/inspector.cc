#include "dataplane/inspect/inspector.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/inspect/app_protocol.h"
#include "dataplane/inspect/device_names.h"

namespace vedette {
namespace {

// Marks of Flow::stream_slot beside a place.
constexpr uint16_t kReadEnough = kNoSlot - 1;
constexpr uint64_t kQuietUs = 5'000'000;  // then a stream's place may be given away
constexpr uint16_t kDnsPort = 53, kMdnsPort = 5353, kNetbiosPort = 137;
constexpr uint16_t kDhcpServerPort = 67, kDhcpClientPort = 68;

bool IsPort(const DecodedPacket& packet, uint16_t port) {
  return packet.source_port == port || packet.target_port == port;
}
bool IsWhole(const DecodedPacket& packet) {
  return packet.payload.size() == packet.payload_wire_length && !packet.fragment.is_fragment;
}

uint32_t SequenceOfPayload(const DecodedPacket& packet) {
  return packet.tcp_sequence + ((packet.tcp_flags & kTcpSyn) != 0 ? 1 : 0);
}

void LogName(const ClaimedName& claimed, const EndpointKey& endpoint, const MacAddress& mac,
             NameSource source, uint64_t now_us, const InspectionLogs& logs) {
  if (claimed.length == 0) return;
  NameSighting* sighting = logs.names.Append();
  if (sighting == nullptr) return;
  sighting->endpoint = endpoint;
  sighting->mac = mac;
  sighting->source = source;
  sighting->arrival_us = now_us;
  sighting->name_length = claimed.length;
  sighting->name = claimed.text;
}

void LogDns(const DnsView& dns, const TrackedPacket& tracked, size_t message_bytes,
            const InspectionLogs& logs) {
  DnsMessage* message = logs.dns.Append();
  if (message == nullptr) return;
  const DecodedPacket& packet = *tracked.packet;
  message->client = dns.is_response ? packet.target_ip : packet.source_ip;
  message->server = dns.is_response ? packet.source_ip : packet.target_ip;
  message->vlan = tracked.source->key.vlan;
  message->id = dns.id;
  message->type = dns.question_type;
  message->response_code = dns.response_code;
  message->is_response = dns.is_response;
  message->arrival_us = packet.arrival.us;
  message->message_bytes = static_cast<uint32_t>(message_bytes);
  message->answer_bytes = dns.answer_bytes;
  message->answers = dns.answers;
  message->answer_type = dns.answer_type;
  message->name_length = dns.question.length;
  std::copy_n(dns.question.text.begin(), dns.question.length, message->name.begin());
}

}  // namespace

KeyHash ContentSecret(const InspectorOptions& options, const KeyedHash& hash) {
  if (options.content_secret != 0) return {options.content_secret};
  return KeyedHash::Combine(hash.OfAddress({}), 0x636f6e74656e74);
}

Inspector::Inspector(const InspectorOptions& options, const KeyedHash& hash,
                     std::shared_ptr<const PatternDatabase> patterns)
    : options_(options),
      first_tools_(std::move(patterns), ContentSecret(options, hash), options.streams),
      names_(options.server_names) {
  streams_.resize(options.streams);
  for (size_t i = 0; i < streams_.size(); ++i) streams_[i].pattern = &first_tools_.streams[i];
  for (size_t i = streams_.size(); i > 0; --i)
    free_streams_.push_back(static_cast<uint16_t>(i - 1));
  for (size_t i = names_.size(); i > 0; --i) free_names_.push_back(static_cast<uint16_t>(i));
}

void Inspector::UsePatterns(PatternTools& tools) noexcept {
  tools_ = &tools;
  for (size_t i = 0; i < streams_.size(); ++i) {
    streams_[i].pattern = &tools.streams[i];
    if (streams_[i].flow == nullptr) continue;
    tools.scanner.Begin(tools.streams[i]);
    streams_[i].pattern_begin = ReadBytes(streams_[i]);
  }
}

void Inspector::OnPacket(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept {
  const DecodedPacket& packet = *tracked.packet;
  if (tracked.flow == nullptr || tracked.flow->is_sole) return;
  if (packet.protocol == static_cast<uint8_t>(IpProtocol::kTcp)) {
    if (!packet.payload.empty() || tracked.flow->stream_slot < kReadEnough) {
      InspectTcp(tracked, logs);
    }
  } else if (packet.payload.empty()) {
    return;
  } else if (packet.protocol == static_cast<uint8_t>(IpProtocol::kUdp)) {
    InspectUdp(tracked, logs);
  }
}

void Inspector::RecognizeApp(const TrackedPacket& tracked, bool tcp) noexcept {
  Flow& flow = *tracked.flow;
  if (flow.app != 0 || flow.all_packets[0] + flow.all_packets[1] > 16) return;
  AppProtocol app = AppOfBytes(tcp, tracked.packet->payload);
  if (app == AppProtocol::kUnknown) {
    // The port says what is usual. That a TCP stream is encrypted its own bytes would have said.
    const AppProtocol usual = AppOfPort(tcp, flow.responder_port());
    if (!tcp || !IsEncrypted(usual)) app = usual;
  }
  flow.app = static_cast<uint8_t>(app);
}

void Inspector::InspectTcp(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept {
  Flow& flow = *tracked.flow;
  if (!tracked.packet->payload.empty()) {
    const bool first = flow.app == 0;
    if (first) RecognizeApp(tracked, true);
    if (static_cast<AppProtocol>(flow.app) == AppProtocol::kDns) InspectDnsOverTcp(tracked, logs);
    if (tracked.forward && flow.name_slot == 0) RememberServerName(tracked, first);
  }
  if (tracked.direction != Direction::kOutbound || flow.stream_slot == kReadEnough) return;
  if (IsEncrypted(static_cast<AppProtocol>(flow.app))) {
    if (flow.stream_slot != kNoSlot) Release(flow.stream_slot);
    flow.stream_slot = kReadEnough;
    return;
  }
  if (Stream* const stream = StreamOf(tracked)) FollowStream(*stream, tracked, logs);
}

// RFC 1035, 4.2.2: two bytes of length before each message. Only from a side's first bytes on is it
// known where a message begins.
void Inspector::InspectDnsOverTcp(const TrackedPacket& tracked,
                                  const InspectionLogs& logs) noexcept {
  constexpr uint64_t kPacketsToFirstBytes = 4;
  const DecodedPacket& packet = *tracked.packet;
  const Flow& flow = *tracked.flow;
  const uint8_t side = tracked.forward ? 0 : 1;
  TcpBytes::Place* place = tcp_bytes_.Find(&flow, side, packet.arrival.us);
  if (place == nullptr) {
    const bool begins =
        flow.state != FlowState::kMidstream && flow.all_packets[side] <= kPacketsToFirstBytes;
    if (!begins) return;
    place = &tcp_bytes_.Lend(&flow, side, SequenceOfPayload(packet), packet.arrival.us);
  }
  if (!place->Add(SequenceOfPayload(packet), packet.payload)) return;
  while (place->bytes().size() >= 2) {
    const Bytes bytes = place->bytes();
    const size_t length = static_cast<size_t>(bytes[0]) << 8 | static_cast<size_t>(bytes[1]);
    const Bytes message = bytes.subspan(2).first(std::min(length, bytes.size() - 2));
    const bool whole = message.size() == length;
    if (!whole && !place->full()) return;
    InspectDns(tracked, message, whole, logs);
    place->Consume(2 + length);
  }
}

void Inspector::RememberServerName(const TrackedPacket& tracked, bool first) noexcept {
  constexpr uint64_t kPacketsMax = 16;
  Flow& flow = *tracked.flow;
  const auto app = static_cast<AppProtocol>(flow.app);
  const bool has_names = app == AppProtocol::kTls || app == AppProtocol::kHttp;
  if (!has_names || flow.all_packets[0] > kPacketsMax || free_names_.empty()) return;
  const DecodedPacket& packet = *tracked.packet;
  TcpBytes::Place* place = nullptr;
  if (first) {
    if (FindServerName(flow, packet.payload) != NameSearch::kMoreNeeded) return;
    place = &tcp_bytes_.Lend(&flow, 0, SequenceOfPayload(packet), packet.arrival.us);
  } else {
    place = tcp_bytes_.Find(&flow, 0, packet.arrival.us);
  }
  if (place == nullptr) return;
  place->Add(SequenceOfPayload(packet), packet.payload);
  const NameSearch search = FindServerName(flow, place->bytes());
  if (search != NameSearch::kMoreNeeded || place->full()) tcp_bytes_.Release(*place);
}

NameSearch Inspector::FindServerName(Flow& flow, Bytes first_bytes) noexcept {
  ServerName name;
  const bool tls = static_cast<AppProtocol>(flow.app) == AppProtocol::kTls;
  const NameSearch search =
      tls ? ServerNameOfTls(first_bytes, name) : ServerNameOfHttp(first_bytes, name);
  if (search != NameSearch::kFound) return search;
  flow.name_slot = free_names_.back();
  free_names_.pop_back();
  names_[flow.name_slot - 1u] = name;
  return search;
}

Inspector::Stream* Inspector::StreamOf(const TrackedPacket& tracked) noexcept {
  Flow& flow = *tracked.flow;
  const uint8_t side = tracked.forward ? 0 : 1;
  if (flow.stream_slot != kNoSlot) {
    Stream& stream = streams_[flow.stream_slot];
    return stream.side == side ? &stream : nullptr;
  }
  if (streams_.empty() || tools_->database->empty() || tracked.packet->payload.empty())
    return nullptr;
  if (free_streams_.empty() && !FreeQuietStream(tracked.packet->arrival.us)) {
    ++streams_refused_;
    return nullptr;
  }
  flow.stream_slot = free_streams_.back();
  free_streams_.pop_back();
  Stream& stream = streams_[flow.stream_slot];
  stream.flow = &flow;
  stream.side = side;
  stream.begun = false;
  stream.held_size = 0;
  stream.pattern_begin = 0;
  stream.left_bytes = options_.stream_bytes;
  tools_->scanner.Begin(*stream.pattern);
  return &stream;
}

// A look at a stream is a look at its flow, most likely not in the cache. After a round of looks in
// vain it is known until when there is nothing to find: flows only become younger.
bool Inspector::FreeQuietStream(uint64_t now_us) noexcept {
  if (++hand_ == streams_.size()) {
    hand_ = 0;
    none_quiet_until_us_ = oldest_in_round_us_ + kQuietUs;
    oldest_in_round_us_ = now_us;
  }
  if (now_us < none_quiet_until_us_) {
    oldest_in_round_us_ = std::min(oldest_in_round_us_, none_quiet_until_us_ - kQuietUs);
    return false;
  }
  Flow* const other = streams_[hand_].flow;
  oldest_in_round_us_ = std::min(oldest_in_round_us_, other->last_us);
  if (now_us - other->last_us < kQuietUs) return false;
  other->stream_slot = kReadEnough;
  Release(static_cast<uint16_t>(hand_));
  return true;
}

// In order, each byte once. One early segment is held; a second one means that something was lost,
// to us or for good, and reading goes on behind the gap.
void Inspector::FollowStream(Stream& stream, const TrackedPacket& tracked,
                             const InspectionLogs& logs) noexcept {
  const DecodedPacket& packet = *tracked.packet;
  const uint32_t sequence = SequenceOfPayload(packet);
  if (!stream.begun) {
    stream.begun = true;
    stream.next_sequence = sequence;
  }
  const auto ahead = static_cast<int32_t>(sequence - stream.next_sequence);
  Bytes bytes = packet.payload;
  if (bytes.empty()) {
    const bool last = (packet.tcp_flags & (kTcpFin | kTcpRst)) != 0;
    if (last && ahead == 0) EndStream(stream, tracked, logs);
    return;
  }
  if (ahead > 0) {
    if (stream.held_size == 0 && bytes.size() <= kHeldBytes && ahead < 65'536) {
      std::memcpy(stream.held.data(), bytes.data(), bytes.size());
      stream.held_sequence = sequence;
      stream.held_size = static_cast<uint16_t>(bytes.size());
      return;
    }
    stream.held_size = 0;
    tools_->scanner.Begin(*stream.pattern);
    stream.pattern_begin = ReadBytes(stream);
    stream.next_sequence = sequence;
  } else if (ahead < 0) {
    const auto known = static_cast<size_t>(-static_cast<int64_t>(ahead));
    if (known >= bytes.size()) return;
    bytes = bytes.subspan(known);
  }
  Read(stream, bytes, tracked, logs);
  if (stream.held_size != 0 && tracked.flow->stream_slot != kReadEnough) {
    const auto gap = static_cast<int32_t>(stream.held_sequence - stream.next_sequence);
    if (gap > 0) return;
    const auto known = static_cast<size_t>(-static_cast<int64_t>(gap));
    const Bytes held(stream.held.data(), stream.held_size);
    stream.held_size = 0;
    if (known < held.size()) Read(stream, held.subspan(known), tracked, logs);
  }
}

void Inspector::Read(Stream& stream, Bytes bytes, const TrackedPacket& tracked,
                     const InspectionLogs& logs) noexcept {
  stream.next_sequence += static_cast<uint32_t>(bytes.size());
  const Bytes taken = bytes.first(std::min<size_t>(bytes.size(), stream.left_bytes));
  Report(tools_->scanner.Scan(*stream.pattern, taken), tracked, stream.pattern_begin, logs);
  stream.left_bytes -= static_cast<uint32_t>(taken.size());
  const bool last = (tracked.packet->tcp_flags & (kTcpFin | kTcpRst)) != 0;
  if (stream.left_bytes == 0 || last) EndStream(stream, tracked, logs);
}

void Inspector::EndStream(Stream& stream, const TrackedPacket& tracked,
                          const InspectionLogs& logs) noexcept {
  Report(tools_->scanner.End(*stream.pattern), tracked, stream.pattern_begin, logs);
  Release(tracked.flow->stream_slot);
  tracked.flow->stream_slot = kReadEnough;
}

void Inspector::Report(const PatternScanner::Matches& matches, const TrackedPacket& tracked,
                       uint64_t base_bytes, const InspectionLogs& logs) noexcept {
  for (size_t i = 0; i < matches.count; ++i) {
    ContentMatch* match = logs.matches.Append();
    if (match == nullptr) return;
    *match = {.flow = tracked.flow->key,
              .device = tracked.source->key,
              .destination = tracked.packet->target_ip,
              .port = tracked.flow->responder_port(),
              .pattern = matches.list[i].pattern,
              .arrival_us = tracked.packet->arrival.us,
              .offset_bytes = base_bytes + matches.list[i].offset_bytes,
              .digest = matches.list[i].digest.value};
  }
}

void Inspector::Release(uint16_t slot) noexcept {
  streams_[slot].flow = nullptr;
  free_streams_.push_back(slot);
}

void Inspector::OnFlowEnd(const Flow& flow, FlowRecord* record) noexcept {
  if (flow.stream_slot < kReadEnough) Release(flow.stream_slot);
  if (flow.app != 0) tcp_bytes_.ReleaseAll(&flow);
  if (flow.name_slot == 0) return;
  if (record != nullptr) record->server_name = names_[flow.name_slot - 1u];
  free_names_.push_back(flow.name_slot);
}

void Inspector::InspectUdp(const TrackedPacket& tracked, const InspectionLogs& logs) noexcept {
  const DecodedPacket& packet = *tracked.packet;
  const bool whole = IsWhole(packet);
  RecognizeApp(tracked, false);
  if (IsPort(packet, kDnsPort)) return InspectDns(tracked, packet.payload, whole, logs);
  if (IsPort(packet, kMdnsPort) || packet.target_port == kNetbiosPort) {
    return InspectName(tracked, whole, logs);
  }
  if (packet.target_port == kDhcpServerPort || packet.target_port == kDhcpClientPort) {
    return InspectDhcp(tracked, whole, logs);
  }
  if (tracked.direction != Direction::kOutbound || tools_->database->empty() ||
      IsEncrypted(static_cast<AppProtocol>(tracked.flow->app)) ||
      tracked.flow->all_bytes[tracked.forward ? 0 : 1] > options_.stream_bytes) {
    return;
  }
  tools_->scanner.Begin(tools_->datagram);
  Report(tools_->scanner.Scan(tools_->datagram, packet.payload), tracked, 0, logs);
  Report(tools_->scanner.End(tools_->datagram), tracked, 0, logs);
}

void Inspector::InspectDns(const TrackedPacket& tracked, Bytes message, bool whole,
                           const InspectionLogs& logs) noexcept {
  ParseDns(message, whole, dns_);
  if (dns_.status != DecodeStatus::kOk) NoteIrregularity(tracked, dns_.status, logs);
  if (!dns_.has_header || !dns_.has_question) return;
  EndpointRow* const client = dns_.is_response ? tracked.target : tracked.source;
  if (dns_.is_response) {
    constexpr uint8_t kNameError = 3;
    ++client->counters.dns_answers;
    client->counters.dns_nxdomain += dns_.response_code == kNameError;
  } else {
    ++client->counters.dns_queries;
    client->counters.dns_query_bytes += message.size();
  }
  LogDns(dns_, tracked, message.size(), logs);
}

void Inspector::InspectDhcp(const TrackedPacket& tracked, bool whole,
                            const InspectionLogs& logs) noexcept {
  const DecodedPacket& packet = *tracked.packet;
  MacAddress mac;
  ClaimedName name;
  const DecodeStatus status = ParseDhcp(packet.payload, whole, mac, name);
  if (status != DecodeStatus::kOk) NoteIrregularity(tracked, status, logs);
  LogName(name, EndpointKey::OfMac(mac, packet.vlan()), mac, NameSource::kDhcp, packet.arrival.us,
          logs);
}

void Inspector::InspectName(const TrackedPacket& tracked, bool whole,
                            const InspectionLogs& logs) noexcept {
  const DecodedPacket& packet = *tracked.packet;
  ClaimedName name;
  NameSource source = NameSource::kMdns;
  if (packet.target_port == kNetbiosPort) {
    source = NameSource::kNetbios;
    if (!NameOfNetbios(packet.payload, name)) return;
  } else {
    ParseDns(packet.payload, whole, dns_);
    if (dns_.status != DecodeStatus::kOk) NoteIrregularity(tracked, dns_.status, logs);
    if (!NameOfMdns(dns_, packet.source_ip, name)) return;
  }
  const bool has_mac = packet.has_mac && packet.tunnel_count == 0;
  LogName(name, tracked.source->key, has_mac ? packet.source_mac : MacAddress{}, source,
          packet.arrival.us, logs);
}

}  // namespace vedette
