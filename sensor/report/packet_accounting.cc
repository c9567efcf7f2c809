#include "sensor/report/packet_accounting.h"

#include <algorithm>

#include "dataplane/decode/decode_status.h"

namespace vedette {
namespace {

constexpr const char* kGroups[] = {"decoded", "of protocols not parsed",
                                   "cut by the capture's snap length", "malformed"};

const DecodeStatusInfo* FindStatus(const std::string& wire_name) {
  for (const DecodeStatusInfo& status : kDecodeStatuses) {
    if (status.wire_name == wire_name) return &status;
  }
  return nullptr;
}

size_t GroupOf(const DecodeStatusInfo* status) {
  return status == nullptr ? static_cast<size_t>(DecodeClass::kUnsupported)
                           : std::min(static_cast<size_t>(status->klass), std::size(kGroups) - 1);
}

AccountLine LineOf(const std::string& name, int64_t packets) {
  const DecodeStatusInfo* const status = FindStatus(name);
  return {.name = name,
          .text = status == nullptr ? std::string() : std::string(status->text),
          .packets = static_cast<uint64_t>(packets)};
}

void MostFirst(std::vector<AccountLine>& lines) {
  std::stable_sort(lines.begin(), lines.end(), [](const AccountLine& a, const AccountLine& b) {
    return a.packets > b.packets;
  });
}

}  // namespace

bool PacketAccounting::AddsUp() const {
  uint64_t grouped = 0;
  for (const AccountGroup& group : groups) {
    uint64_t lines = 0;
    for (const AccountLine& line : group.lines) lines += line.packets;
    if (lines != group.packets) return false;
    grouped += group.packets;
  }
  return received == processed + dropped && processed == grouped;
}

PacketAccounting AccountingOf(const ReportData& data) {
  PacketAccounting accounting{.received = data.received, .processed = data.processed};
  for (const auto& [reason, count] : data.dropped) {
    accounting.dropped += static_cast<uint64_t>(count);
    if (count != 0) accounting.dropped_by.push_back(LineOf(reason, count));
  }
  for (const char* what : kGroups) accounting.groups.push_back({.what = what});
  for (const auto& [status, count] : data.decoded) {
    AccountGroup& group = accounting.groups[GroupOf(FindStatus(status))];
    group.packets += static_cast<uint64_t>(count);
    if (count != 0) group.lines.push_back(LineOf(status, count));
  }
  for (const auto& [name, count] : data.irregularities) {
    if (count != 0) accounting.irregularities.push_back(LineOf(name, count));
  }
  MostFirst(accounting.dropped_by);
  for (AccountGroup& group : accounting.groups) MostFirst(group.lines);
  MostFirst(accounting.irregularities);
  return accounting;
}

}  // namespace vedette
