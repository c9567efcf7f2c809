#include "sensor/state/state_image.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace vedette {
namespace {

constexpr absl::string_view kKind = "VEDETTE-STATE ";
constexpr absl::string_view kFormat = "1\n";
constexpr char kHeaderPart[] = "header";
constexpr size_t kFrameEntriesMax = 256;
constexpr size_t kFrameBytesMax = size_t{256} << 20;
constexpr size_t kSizeBytes = 4;
// Arrays in arrays; the deepest are an alert's.
constexpr size_t kDepthMax = 12;

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest DigestOf(absl::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

void AppendFrame(const StateValue& frame, std::string& out) {
  const size_t at = out.size();
  out.append(kSizeBytes, '\0');
  StateValue::to_cbor(frame, nlohmann::detail::output_adapter<char>(out));
  const size_t size = out.size() - at - kSizeBytes;
  for (size_t i = 0; i < kSizeBytes; ++i) out[at + i] = static_cast<char>(size >> (8 * i));
}

size_t SizeAt(absl::string_view bytes, size_t at) {
  size_t size = 0;
  for (size_t i = 0; i < kSizeBytes; ++i) {
    size |= static_cast<size_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return size;
}

// The parser calls itself for each array in an array: stops before that is too deep.
class DepthGuard : public nlohmann::json_sax<StateValue> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return false; }
  bool start_object(std::size_t) override { return false; }
  bool end_object() override { return false; }
  bool start_array(std::size_t) override { return ++depth_ <= kDepthMax; }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  size_t depth_ = 0;
};

StateValue ParseFrame(absl::string_view bytes) {
  DepthGuard guard;
  if (!StateValue::sax_parse(bytes.begin(), bytes.end(), &guard,
                             StateValue::input_format_t::cbor)) {
    return StateValue();
  }
  return StateValue::from_cbor(bytes.begin(), bytes.end(), /*strict=*/true,
                               /*allow_exceptions=*/false);
}

bool IsFrame(const StateValue& frame) {
  return frame.is_array() && frame.size() == 3 && frame[0].is_string() && frame[1].is_string() &&
         frame[2].is_array();
}

absl::Status Damaged(const std::string& what) {
  return absl::DataLossError(absl::StrCat("damaged: ", what));
}

}  // namespace

StateImageWriter::StateImageWriter(StateHeader header, size_t bytes_max)
    : bytes_max_(bytes_max), bytes_(absl::StrCat(kKind, kFormat)) {
  BeginPart(kHeaderPart, LayoutOf<StateHeader>());
  Add(ToValue(header));
  EndPart();
}

void StateImageWriter::BeginPart(std::string name, std::string layout) {
  name_ = std::move(name);
  layout_ = std::move(layout);
  part_.clear();
}

void StateImageWriter::Add(StateValue entry) {
  entries_.push_back(std::move(entry));
  if (entries_.size() >= kFrameEntriesMax) Flush();
}

void StateImageWriter::Flush() {
  StateValue frame = StateValue::array({name_, layout_});
  frame.push_back(std::exchange(entries_, StateValue::array()));
  if (bytes_.size() + part_.size() <= bytes_max_) AppendFrame(frame, part_);
}

void StateImageWriter::EndPart() {
  if (!entries_.empty()) Flush();
  if (bytes_.size() + part_.size() <= bytes_max_) {
    bytes_ += part_;
  } else {
    left_out_.push_back(name_);
  }
}

std::string StateImageWriter::Finish() && {
  bytes_.append(kSizeBytes, '\0');  // no further frame
  const Digest digest = DigestOf(bytes_);
  bytes_.append(digest.begin(), digest.end());
  return std::move(bytes_);
}

absl::StatusOr<StateImage> StateImage::Parse(std::string bytes) {
  StateImage image;
  image.bytes_ = std::move(bytes);
  const absl::string_view all = image.bytes_;
  if (!absl::StartsWith(all, kKind)) return absl::InvalidArgumentError("not a state of a sensor");
  const size_t line_end = all.substr(0, kKind.size() + 16).find('\n');
  if (line_end == absl::string_view::npos) return Damaged("cut off in its first line");
  const absl::string_view format = all.substr(kKind.size(), line_end + 1 - kKind.size());
  if (format != kFormat) {
    return absl::UnimplementedError(
        absl::StrCat("found format ", format.substr(0, format.size() - 1), ", this version reads ",
                     kFormat.substr(0, kFormat.size() - 1)));
  }
  if (all.size() < line_end + 1 + kSizeBytes + SHA256_DIGEST_LENGTH) return Damaged("cut off");
  const size_t end = all.size() - SHA256_DIGEST_LENGTH;
  const Digest digest = DigestOf(all.substr(0, end));
  if (!std::equal(digest.begin(), digest.end(), all.begin() + end,
                  [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); })) {
    return Damaged("its checksum is wrong");
  }
  if (absl::Status read = image.ReadFrames(line_end + 1, end); !read.ok()) return read;
  return image;
}

absl::Status StateImage::ReadFrames(size_t begin, size_t end) {
  size_t at = begin;
  for (;;) {
    if (end - at < kSizeBytes) return Damaged("no end of its frames");
    const size_t size = SizeAt(bytes_, at);
    at += kSizeBytes;
    if (size == 0) break;
    if (size > std::min(end - at, kFrameBytesMax)) return Damaged("a frame that is cut off");
    const StateValue frame = ParseFrame(absl::string_view(bytes_).substr(at, size));
    if (!IsFrame(frame)) return Damaged("a frame that is none");
    Part& part = parts_[frame[0].get<std::string>()];
    if (part.frames.empty()) part.layout = frame[1].get<std::string>();
    part.frames.emplace_back(at, size);
    at += size;
  }
  if (at != end) return Damaged("something behind its last frame");
  const Part* const header = Find(kHeaderPart);
  if (header == nullptr || header->layout != LayoutOf<StateHeader>()) {
    return absl::UnimplementedError("its header is one of another version");
  }
  const StateValue entries = EntriesOf(header->frames.front());
  if (entries.size() != 1 || !FromValue(entries[0], header_)) return Damaged("its header");
  return absl::OkStatus();
}

const StateImage::Part* StateImage::Find(const std::string& name) const {
  const auto at = parts_.find(name);
  return at == parts_.end() ? nullptr : &at->second;
}

StateValue StateImage::EntriesOf(const std::pair<size_t, size_t>& frame) const {
  StateValue value = ParseFrame(absl::string_view(bytes_).substr(frame.first, frame.second));
  return IsFrame(value) ? std::move(value[2]) : StateValue();
}

}  // namespace vedette
