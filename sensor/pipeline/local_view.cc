#include "sensor/pipeline/local_view.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "sensor/event/text_safety.h"
#include "sensor/local/listening_place.h"
#include "sensor/pipeline/standard_streams.h"

namespace vedette {
namespace {

LinkState StateOf(InterfaceLink link) {
  switch (link) {
    case InterfaceLink::kUp:
      return LinkState::kUp;
    case InterfaceLink::kDown:
      return LinkState::kDown;
    case InterfaceLink::kMissing:
      break;
  }
  return LinkState::kMissing;
}

std::vector<InterfaceRow> RowsOf(const LiveSources& live) {
  std::vector<InterfaceRow> rows;
  for (const PortState& port : live.states()) {
    rows.push_back({.name = Printable(port.name),
                    .link = StateOf(port.state.link),
                    .capturing = port.state.capturing,
                    .interruptions = port.state.interruptions,
                    .reopenings = port.state.reopenings,
                    .lost = port.losses.total()});
  }
  return rows;
}

SensorTold ToldOf(const SensorConfig& config, int64_t boot_ms) {
  return {.sensor = config.sensor,
          .site = config.site,
          .source = UsesDpdk(config.capture) ? "dpdk" : "libpcap",
          .boot_ms = boot_ms,
          .spool_bytes_max = config.sinks.spool.folder.empty()
                                 ? 0
                                 : static_cast<int64_t>(config.sinks.spool.bytes_max)};
}

}  // namespace

LocalView::LocalView(const SensorConfig& config, int64_t boot_ms, const Exporter* exporter,
                     const LiveSources& live)
    : builder_(ToldOf(config, boot_ms), exporter, board_) {
  builder_.set_interfaces([&live] { return RowsOf(live); });
}

absl::Status LocalView::Listen(const LocalConfig& config) {
  absl::StatusOr<std::unique_ptr<LocalServer>> server = LocalServer::Open(config, board_);
  if (!server.ok()) {
    if (!config.unix() || !config.socket.empty()) return server.status();
    spdlog::warn("no local interface: {}; vedette top, alerts and devices cannot ask this sensor",
                 Shown(server.status().message()));
    return absl::OkStatus();
  }
  server_ = *std::move(server);
  if (server_ == nullptr) return absl::OkStatus();
  spdlog::info("metrics, health and lists are served at {}", Shown(server_->where()));
  const absl::StatusOr<ListeningPlace> place = ParseListeningPlace(config.listen);
  if (place.ok() && place->kind == ListeningPlace::Kind::kTcp && !place->loopback) {
    spdlog::warn(
        "{} is no loopback address: token and answers pass the network in clear text; see "
        "docs/local.md",
        Shown(config.listen));
  }
  return absl::OkStatus();
}

void LocalView::OnInterval(const IntervalView& view, const IdentityOf&) {
  builder_.AddSecond({.begin_ms = static_cast<int64_t>(view.begin_us / 1'000),
                      .packets = view.totals.packets,
                      .bytes = view.totals.bytes});
}

}  // namespace vedette
