// What `vedette replay` was asked to do, once the command line has been checked: plain values, made
// by sensor/command, read by the replay pipeline on the control thread. What the configuration
// holds (home networks, sensor id, tables, detectors) is not repeated here: options that override
// it have been written into the SensorConfig.
#ifndef VEDETTE_SENSOR_PIPELINE_REPLAY_REQUEST_H_
#define VEDETTE_SENSOR_PIPELINE_REPLAY_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vedette {

struct ReplayRequest {
  std::vector<std::string> captures;  // at least one; "-" is standard input, at most once
  bool merge = false;                 // by time, instead of one after the other
  bool dpdk = false;                  // DPDK's driver for captures reads them, not our readers
  std::string bpf;                    // libpcap filter; empty: every packet
  // The first packet is at this time (microseconds since 1970), all later ones keep their distance.
  std::optional<uint64_t> shift_to_us;
  bool real_time = false;  // at the pace of the capture, instead of as fast as possible
  size_t workers = 1;      // 1..16: a worker owns whole shards

  // Newline-delimited JSON, one file a topic. Empty: not asked for; "-": standard output, which
  // then holds that JSON alone.
  std::string alerts, devices, flows, health;
  std::string html_report;  // empty: none
  bool sinks = false;       // to those of the configuration too
  std::string models;       // envelopes of learned models, one a line; empty: none
  bool quiet = false;       // no report for people, no progress bar

  bool events_to_stdout() const {
    return alerts == "-" || devices == "-" || flows == "-" || health == "-";
  }
};

// Exit statuses of every subcommand; other programs rely on them.
enum class ExitStatus : int {
  kDone = 0,
  kFailed = 1,           // anything not named below
  kUsage = 2,            // wrong usage or configuration
  kInputIncomplete = 3,  // some input could not be read to its end; all before it was processed
};

}  // namespace vedette
#endif  // VEDETTE_SENSOR_PIPELINE_REPLAY_REQUEST_H_
