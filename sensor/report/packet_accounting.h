// Where every packet went, so that it can be added up by hand: received = processed + dropped,
// processed = the groups, each group = its statuses. Pure.
#ifndef VEDETTE_SENSOR_REPORT_PACKET_ACCOUNTING_H_
#define VEDETTE_SENSOR_REPORT_PACKET_ACCOUNTING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sensor/report/report_data.h"

namespace vedette {

struct AccountLine {
  std::string name;  // a status, a reason
  std::string text;  // what it means
  uint64_t packets = 0;
};

struct AccountGroup {
  std::string what;
  uint64_t packets = 0;
  std::vector<AccountLine> lines;  // most packets first
};

struct PacketAccounting {
  uint64_t received = 0, processed = 0, dropped = 0;
  std::vector<AccountLine> dropped_by;      // those that happened
  std::vector<AccountGroup> groups;         // always all four; the processed packets
  std::vector<AccountLine> irregularities;  // beside the groups: a packet may have several
  bool AddsUp() const;
};

PacketAccounting AccountingOf(const ReportData& data);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_REPORT_PACKET_ACCOUNTING_H_
