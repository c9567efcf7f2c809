#include "dataplane/track/flow.h"

namespace vedette {

void Flow::Unfold() noexcept {
  Flow whole;
  whole.key = key;
  whole.vlan = vlan;
  whole.vlan_count = vlan_count;
  whole.in_use = in_use;
  whole.initiator_is_low = initiator_is_low;
  whole.initiator_is_home = initiator_is_home;
  whole.state = state;
  whole.outcome = outcome;
  whole.direction = direction;
  whole.first_contact = first_contact;
  whole.first_us = whole.last_us = whole.start_us = last_us;
  whole.packets[0] = whole.all_packets[0] = 1;
  whole.bytes[0] = whole.all_bytes[0] = sole_bytes;
  whole.tcp_flags[0] = kTcpSyn;
  if (vlan_count != 0) whole.vlans[0] = vlan;
  *this = whole;
}

}  // namespace vedette
