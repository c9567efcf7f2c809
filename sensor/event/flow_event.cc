#include "sensor/event/flow_event.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "dataplane/decode/address_text.h"
#include "dataplane/inspect/app_protocol.h"
#include "dataplane/track/community_id.h"

namespace vedette {
namespace {

const char* TextOf(Direction direction) {
  static constexpr const char* kTexts[] = {"outbound", "inbound", "internal", "external"};
  return kTexts[static_cast<size_t>(direction)];
}

// IPFIX flowEndReason (RFC 5102, 5.11.3).
const char* TextOf(FlowEnd end) {
  static constexpr const char* kTexts[] = {"",    "idle",   "active",
                                           "end", "forced", "lack_of_resources"};
  return kTexts[static_cast<size_t>(end)];
}

const char* TextOf(Tunnel tunnel) {
  static constexpr const char* kTexts[] = {"none",  "gre",  "erspan", "vxlan", "geneve",
                                           "gtp_u", "ipip", "teredo", "pppoe", "mpls"};
  return kTexts[static_cast<size_t>(tunnel)];
}

std::string TunnelText(const Flow& flow) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(flow.tunnel_count, kTunnelsMax); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : "/", TextOf(flow.tunnels[i]));
  }
  return text;
}

bool HasPorts(const Flow& flow) {
  return flow.key.protocol == static_cast<uint8_t>(IpProtocol::kTcp) ||
         flow.key.protocol == static_cast<uint8_t>(IpProtocol::kUdp) ||
         flow.key.protocol == static_cast<uint8_t>(IpProtocol::kSctp);
}

int64_t Signed(uint64_t count) { return static_cast<int64_t>(count); }

}  // namespace

FlowEvent MakeFlowEvent(const FlowRecord& record, const EventIdentity& identity,
                        const IdentityOf& identify) {
  const Flow& flow = record.flow;
  FlowEvent event;
  event.sensor = identity.sensor;
  event.site = identity.site;
  event.part = static_cast<int32_t>(flow.part);
  event.device = identify({.ip = flow.initiator_ip(), .vlan = flow.vlan}).device;
  event.peer_device = identify({.ip = flow.responder_ip(), .vlan = flow.vlan}).device;
  event.src_ip = IpText(flow.initiator_ip());
  event.dst_ip = IpText(flow.responder_ip());
  if (HasPorts(flow)) {
    event.src_port = flow.initiator_port();
    event.dst_port = flow.responder_port();
  }
  event.protocol = flow.key.protocol;
  event.vlan = flow.vlan;
  event.vlans.assign(flow.vlans.begin(),
                     flow.vlans.begin() + std::min<size_t>(flow.vlan_count, kVlansMax));
  event.tunnel = TunnelText(flow);
  event.direction = TextOf(flow.direction);
  event.start_us = Signed(flow.start_us != 0 ? flow.start_us : flow.last_us);
  event.end_us = Signed(flow.last_us);
  event.packets_fwd = Signed(flow.packets[0]);
  event.packets_rev = Signed(flow.packets[1]);
  event.bytes_fwd = Signed(flow.bytes[0]);
  event.bytes_rev = Signed(flow.bytes[1]);
  event.tcp_flags_fwd = flow.tcp_flags[0];
  event.tcp_flags_rev = flow.tcp_flags[1];
  event.end_reason = TextOf(record.end);
  event.community_id = CommunityId(flow.key);
  const absl::string_view app = AppName(static_cast<AppProtocol>(flow.app));
  event.app = std::string(app);
  event.server_name.assign(record.server_name.data(),
                           strnlen(record.server_name.data(), record.server_name.size()));
  event.one_way = flow.one_way();
  // Keys do not tell one life of a five-tuple from the next: its beginning does.
  event.flow_id =
      IdOf({event.sensor, event.src_ip, event.dst_ip, absl::StrCat(flow.initiator_port()),
            absl::StrCat(flow.responder_port()), absl::StrCat(event.protocol),
            absl::StrCat(event.vlan), absl::StrCat(flow.first_us)});
  Seal(event);
  return event;
}

}  // namespace vedette
