#include "dataplane/capture/replay_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace vedette {

using Cursor = CaptureFile::Cursor;

std::string ReplayFault::ToString() const {
  return absl::StrCat(path, ": at byte ", offset_bytes, ": ", cause);
}

ReplaySource::ReplaySource(Files files, std::unique_ptr<const PcapFilter> filter,
                           std::optional<Timestamp> shift_to)
    : filter_(std::move(filter)), files_(std::move(files)), shift_to_(shift_to) {}

std::vector<ReplayFault> ReplaySource::faults() const {
  std::vector<ReplayFault> faults;
  for (const auto& file : files_) {
    const Damage& damage = file->damage();
    if (damage.kind == DamageKind::kNone) continue;
    faults.push_back({file->path(), damage.offset_bytes, DamageText(damage)});
  }
  return faults;
}

CaptureCounters ReplaySource::counters() const {
  CaptureCounters sum;
  for (const auto& file : files_) sum += file->counters();
  return sum;
}

std::vector<ReplayedFile> ReplaySource::files() const {
  std::vector<ReplayedFile> replayed;
  for (const auto& file : files_) {
    replayed.push_back({file->path(), file->format(), file->counters()});
  }
  return replayed;
}

std::optional<Timestamp> ReplaySource::first_arrival() const noexcept {
  return started_ ? std::optional(Timestamp{first_us_}) : std::nullopt;
}

std::optional<Timestamp> ReplaySource::last_arrival() const noexcept {
  return started_ ? std::optional(Timestamp{latest_us_}) : std::nullopt;
}

uint64_t ReplaySource::bytes_consumed() const noexcept {
  uint64_t sum = 0;
  for (const auto& file : files_) sum += file->input_bytes_read();
  return sum;
}

uint64_t ReplaySource::bytes_total() const noexcept {
  uint64_t sum = 0;
  for (const auto& file : files_) {
    if (file->input_bytes_total() == 0) return 0;
    sum += file->input_bytes_total();
  }
  return sum;
}

void ReplaySource::Start(uint64_t first_us) noexcept {
  started_ = true;
  // Both are at most kLatestArrivalUs or cut to it, so that the difference fits.
  if (shift_to_) {
    shift_us_ = static_cast<int64_t>(std::min(shift_to_->us, kLatestArrivalUs)) -
                static_cast<int64_t>(first_us);
  }
  first_us_ = Shifted(first_us);
}

uint64_t ReplaySource::Shifted(uint64_t recorded_us) const noexcept {
  const int64_t shifted = static_cast<int64_t>(recorded_us) + shift_us_;
  return std::min(static_cast<uint64_t>(std::max<int64_t>(shifted, 0)), kLatestArrivalUs);
}

bool ReplaySource::Append(const CaptureRecord& record, CaptureCounters& counters,
                          PacketBurst& burst) noexcept {
  if (!started_) Start(record.arrival_us);
  uint64_t arrival_us = record.has_time ? Shifted(record.arrival_us) : latest_us_;
  if (arrival_us < latest_us_) {
    ++counters.time_backwards;
    arrival_us = latest_us_;
  }
  if (arrival_us >= second_end_us_) {
    if (burst.count > 0) return false;
    second_end_us_ = (arrival_us / 1'000'000 + 1) * 1'000'000;
  }
  latest_us_ = arrival_us;
  burst.packets[burst.count++] = {record.bytes, record.wire_length, record.link, {arrival_us}};
  burst.now = {arrival_us};
  return true;
}

SourceState SequentialSource::Receive(PacketBurst& burst) noexcept {
  burst.count = 0;
  burst.now = latest();
  // A burst without packets would tell a time; before the first packet there is none.
  do {
    if (!Prepare()) return SourceState::kEnded;
    FillBurst(burst);
  } while (!started());
  return SourceState::kOpen;
}

// Nothing is borrowed now: windows may move, files may close. False at the end of the last one.
bool SequentialSource::Prepare() noexcept {
  while (current_ < files_.size()) {
    CaptureFile& file = *files_[current_];
    if (!file.open()) file.Reopen();
    if (!taken_ || cursor_ == Cursor::kPacket) return true;
    if (cursor_ == Cursor::kStalled) {
      if (file.open()) file.Refill();
      return true;
    }
    file.Close();
    ++current_;
    cursor_ = Cursor::kPacket;
  }
  return false;
}

void SequentialSource::FillBurst(PacketBurst& burst) noexcept {
  CaptureFile& file = *files_[current_];
  while (burst.count < kBurstMax) {
    if (taken_) cursor_ = file.Next();
    if (cursor_ != Cursor::kPacket) return;
    taken_ = Append(file, burst);
    if (!taken_) return;
  }
}

MergedSource::MergedSource(Files files, std::unique_ptr<const PcapFilter> filter,
                           std::optional<Timestamp> shift_to)
    : ReplaySource(std::move(files), std::move(filter), shift_to) {
  heads_.reserve(files_.size());
  stalled_.reserve(files_.size());
  for (uint32_t i = 0; i < files_.size(); ++i) Advance(i);
}

SourceState MergedSource::Receive(PacketBurst& burst) noexcept {
  burst.count = 0;
  burst.now = latest();
  do {
    RefillStalled();
    if (heads_.empty() && stalled_.empty()) return SourceState::kEnded;
    // Which packet is first is known only when every file has shown its next one.
    if (stalled_.empty()) FillBurst(burst);
  } while (!started());
  return SourceState::kOpen;
}

void MergedSource::RefillStalled() noexcept {
  size_t left = stalled_.size();
  for (size_t i = 0; i < left; ++i) {
    const uint32_t file = stalled_[i];
    files_[file]->Refill();
    Advance(file);  // stalls again behind the ones seen in this pass
  }
  stalled_.erase(stalled_.begin(), stalled_.begin() + static_cast<ptrdiff_t>(left));
}

void MergedSource::FillBurst(PacketBurst& burst) noexcept {
  while (burst.count < kBurstMax && !heads_.empty()) {
    const uint32_t first = heads_.front().file;
    if (!Append(*files_[first], burst)) return;
    std::pop_heap(heads_.begin(), heads_.end());
    heads_.pop_back();
    if (!Advance(first)) return;
  }
}

// Shows the file's next packet. False: not before its window may move.
bool MergedSource::Advance(uint32_t file) noexcept {
  CaptureFile& from = *files_[file];
  const Cursor cursor = from.Next();
  if (cursor == Cursor::kStalled) {
    stalled_.push_back(file);
    return false;
  }
  if (cursor == Cursor::kPacket) {
    const CaptureRecord& record = from.record();
    heads_.push_back({record.has_time ? record.arrival_us : 0, file});
    std::push_heap(heads_.begin(), heads_.end());
  }
  return true;
}

namespace {

absl::Status AllFaults(const std::vector<absl::Status>& faults) {
  if (faults.size() == 1) return faults[0];
  const bool all_damaged = std::all_of(faults.begin(), faults.end(), [](const absl::Status& fault) {
    return fault.code() == absl::StatusCode::kDataLoss;
  });
  const std::string text = absl::StrJoin(
      faults, "\n",
      [](std::string* out, const absl::Status& fault) { absl::StrAppend(out, fault.message()); });
  return all_damaged ? absl::DataLossError(text) : absl::InvalidArgumentError(text);
}

absl::Status CheckPaths(absl::Span<const std::string> paths, const ReplayOptions& options) {
  if (paths.empty()) {
    return absl::InvalidArgumentError("no capture is named; name files, or - for standard input");
  }
  if (std::count(paths.begin(), paths.end(), "-") > 1) {
    return absl::InvalidArgumentError("standard input (-) is named more than once");
  }
  if (options.merge && paths.size() > ReplaySource::kMergedFilesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(paths.size(), " files are to be merged, possible are at most ",
                     ReplaySource::kMergedFilesMax,
                     "; replay them in a row, or merge them with mergecap first"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReplaySource>> OpenReplay(absl::Span<const std::string> paths,
                                                         const ReplayOptions& options) {
  absl::Status checked = CheckPaths(paths, options);
  if (!checked.ok()) return checked;
  std::unique_ptr<const PcapFilter> filter;
  if (!options.filter.empty()) {
    auto compiled = PcapFilter::Compile(options.filter);
    if (!compiled.ok()) return compiled.status();
    filter = *std::move(compiled);
  }
  std::vector<std::unique_ptr<CaptureFile>> files;
  std::vector<absl::Status> faults;
  for (const std::string& path : paths) {
    auto file = CaptureFile::Open(path, filter.get());
    if (!file.ok()) {
      faults.push_back(file.status());
      continue;
    }
    const bool kept_open =
        options.merge || path == "-" || files.size() < ReplaySource::kKeptOpenMax;
    if (!kept_open) (*file)->Close();
    files.push_back(*std::move(file));
  }
  if (!faults.empty()) return AllFaults(faults);
  if (options.merge) {
    return std::make_unique<MergedSource>(std::move(files), std::move(filter), options.shift_to);
  }
  return std::make_unique<SequentialSource>(std::move(files), std::move(filter), options.shift_to);
}

}  // namespace vedette
