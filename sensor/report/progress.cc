#include "sensor/report/progress.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "detectors/finding_text.h"
#include "sensor/report/figures.h"

namespace vedette {
namespace {

constexpr auto kEvery = std::chrono::milliseconds(100);
// Captures that are read at once need no bar, and a guess of the time left needs some reading.
constexpr auto kFirstAfter = std::chrono::milliseconds(300);
constexpr size_t kBarColumnsMax = 24;
constexpr absl::string_view kErase = "\r\x1b[K";

void WriteAll(int descriptor, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written <= 0) return;  // a bar is not worth a fault
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

std::string ProgressText(const ProgressCounts& counts, double elapsed_s,
                         const TerminalStyle& style) {
  const double seconds = std::max(elapsed_s, 1e-3);
  const std::string rate =
      absl::StrCat(CountText(counts.packets), " packets, ",
                   PacketRateText(static_cast<double>(counts.packets) / seconds));
  // The last column stays free: a line that fills it makes some terminals go on to the next.
  const size_t columns = style.width - std::min<size_t>(style.width, 1);
  if (counts.bytes_total == 0) return Fitted(rate, columns, false);
  const double share = std::clamp(
      static_cast<double>(counts.bytes_done) / static_cast<double>(counts.bytes_total), 0.0, 1.0);
  const auto percent = static_cast<int>(share * 100);
  std::string left;
  if (share > 0) {
    const double left_s = std::min(seconds * (1 - share) / share, 1e9);
    left = absl::StrCat(", ", SpanText(static_cast<uint64_t>(left_s + 0.5) * 1'000'000), " left");
  }
  const std::string figures = absl::StrFormat("%3d %%  %s%s", percent, rate, left);
  if (figures.size() + 13 > columns) return Fitted(figures, columns, false);
  const size_t bar = std::min(kBarColumnsMax, columns - figures.size() - 3);
  const auto full = static_cast<size_t>(share * static_cast<double>(bar));
  return absl::StrCat("[", std::string(full, '#'), std::string(bar - full, '.'), "] ", figures);
}

ProgressDisplay::ProgressDisplay(int descriptor, std::function<ProgressCounts()> counts)
    : descriptor_(descriptor), counts_(std::move(counts)), thread_([this] { Run(); }) {}

ProgressDisplay::~ProgressDisplay() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void ProgressDisplay::Run() {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  auto wait = kFirstAfter;
  bool drawn = false;
  while (!ended_.wait_for(lock, wait, [this] { return end_; })) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    const std::string line = ProgressText(counts_(), elapsed.count(), StyleOf(descriptor_));
    WriteAll(descriptor_, absl::StrCat(kErase, line));
    drawn = true;
    wait = kEvery;
  }
  if (drawn) WriteAll(descriptor_, kErase);
}

}  // namespace vedette
