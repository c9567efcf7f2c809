// A port's name as a user writes it, as the EAL wants it: short forms, PCI addresses, and the rings
// of the drivers that read a kernel interface.
#include <net/if.h>

#include <algorithm>
#include <bit>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dataplane/capture/dpdk_device.h"

namespace vedette {
namespace {

// 16,384 frames are 38 ms at 425,000 packets a second; the default of 512 is 1 ms. The driver makes
// a ring of this size to send from, too.
constexpr uint32_t kRingBytes = 32 << 20;
constexpr uint32_t kFrameBytesMin = 2'048;
constexpr uint32_t kFrameBytesMax = 32'768;  // the next power of two no longer fits into an mbuf
constexpr uint32_t kRingHeaderBytes = 128;   // of a frame in the ring, and a tag put back
constexpr uint32_t kBlockBytes = 65'536;

uint32_t MtuOf(absl::string_view interface) {
  std::ifstream file(absl::StrCat("/sys/class/net/", interface, "/mtu"));
  uint32_t mtu = 0;
  return file >> mtu ? mtu : 1'500;
}

// A frame in the ring holds what the interface can carry, as far as was asked for. Sizes depend on
// one another: all are the user's, or none.
uint32_t RingFrameBytes(absl::string_view interface, uint32_t frame_bytes_max) {
  const uint32_t frame =
      std::min(frame_bytes_max, MtuOf(interface) + kFrameOverheadBytes) + kRingHeaderBytes;
  return std::clamp<uint32_t>(std::bit_ceil(frame), kFrameBytesMin, kFrameBytesMax);
}

uint32_t GivenFrameBytes(absl::string_view arguments) {
  uint32_t bytes = kFrameBytesMin;
  for (const absl::string_view argument : absl::StrSplit(arguments, ',')) {
    if (absl::StartsWith(argument, "framesz=") && !absl::SimpleAtoi(argument.substr(8), &bytes)) {
      bytes = kFrameBytesMin;
    }
  }
  return std::min(bytes, kFrameBytesMax);
}

void SizeRing(absl::string_view given, uint32_t frame_bytes_max, DpdkDeviceName& device) {
  if (absl::StrContains(given, "framesz=") || absl::StrContains(given, "blocksz=") ||
      absl::StrContains(given, "framecnt=")) {
    device.ring_frame_bytes = GivenFrameBytes(given);
    return;
  }
  const uint32_t bytes = RingFrameBytes(device.interface, frame_bytes_max);
  device.ring_frame_bytes = bytes;
  absl::StrAppend(&device.arguments, ",framesz=", bytes, ",blocksz=", std::max(bytes, kBlockBytes),
                  ",framecnt=", kRingBytes / bytes);
}

std::string InterfaceIn(absl::string_view arguments) {
  for (const absl::string_view argument : absl::StrSplit(arguments, ',')) {
    if (absl::StartsWith(argument, "iface=")) return std::string(argument.substr(6));
  }
  return "";
}

absl::Status CheckInterface(absl::string_view interface) {
  return ReadInterfaceCounters(interface).status();
}

std::string FullPciAddress(absl::string_view address) {
  const bool has_domain = std::count(address.begin(), address.end(), ':') == 2;
  return has_domain ? std::string(address) : absl::StrCat("0000:", address);
}

// "af_packet:eth0"
absl::StatusOr<std::string> WriteOut(absl::string_view device) {
  for (const absl::string_view driver : {"af_packet", "af_xdp"}) {
    const std::string prefix = absl::StrCat(driver, ":");
    if (!absl::StartsWith(device, prefix)) continue;
    const absl::string_view interface = device.substr(prefix.size());
    absl::Status found = CheckInterface(interface);
    if (!found.ok()) return found;
    return absl::StrCat("net_", driver, "_", interface, ",iface=", interface);
  }
  return std::string(device);
}

}  // namespace

absl::StatusOr<DpdkDeviceName> ParseDpdkDevice(absl::string_view device, uint32_t frame_bytes_max) {
  absl::StatusOr<std::string> full = WriteOut(device);
  if (!full.ok()) return full.status();
  DpdkDeviceName parsed;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(*full, absl::MaxSplits(',', 1));
  if (IsPciAddress(parts.first)) {
    parsed.pci = true;
    parsed.name = FullPciAddress(parts.first);
    parsed.arguments = *full;
    return parsed;
  }
  if (!absl::StartsWith(parts.first, "net_")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "port '", device, "': allowed a PCI address (0000:81:00.0), a virtual device (net_null0), ",
        "af_packet:INTERFACE or af_xdp:INTERFACE"));
  }
  parsed.name = std::string(parts.first);
  parsed.arguments = *full;
  const bool af_packet = absl::StartsWith(parsed.name, "net_af_packet");
  if (!af_packet && !absl::StartsWith(parsed.name, "net_af_xdp")) return parsed;
  parsed.interface = InterfaceIn(parts.second);
  absl::Status found = CheckInterface(parsed.interface);
  if (!found.ok()) return found;
  // More than the interface carries need not be asked for, nor be said to be missing.
  parsed.frame_bytes_max = MtuOf(parsed.interface) + 14 + 4;
  if (af_packet) SizeRing(parts.second, frame_bytes_max, parsed);
  return parsed;
}

}  // namespace vedette
