// What is kept of the packets behind alerts: plain values, checked by sensor/config. Off while no
// folder is named.
#ifndef VEDETTE_SENSOR_POLICY_ALERT_PCAP_CONFIG_H_
#define VEDETTE_SENSOR_POLICY_ALERT_PCAP_CONFIG_H_

#include <cstdint>
#include <string>

namespace vedette {

struct AlertPcapConfig {
  std::string folder;                   // absolute; empty: off
  uint32_t packets = 64;                // of an alert, the first
  uint32_t snap_length_bytes = 1'536;   // of a packet
  uint64_t file_bytes_max = 131'072;    // 64 packets of a full Ethernet frame
  uint64_t folder_bytes_max = 1 << 28;  // beyond it the oldest files are deleted
  uint32_t memory_mib = 64;             // of recent packets, while they wait for an alert
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_POLICY_ALERT_PCAP_CONFIG_H_
