#include "sensor/export/spool_entry.h"

#include <zlib.h>

namespace vedette {
namespace {

// sum, version, made, event time, seq, length of the key; then key and JSON.
constexpr size_t kSumBytes = 4;
constexpr size_t kHeadBytes = kSumBytes + 1 + 8 + 8 + 8 + 4;
constexpr char kVersion = 1;

void AppendBig64(uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
void AppendBig32(uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
uint64_t Big(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

uint32_t SumOf(Topic topic, uint64_t number, absl::string_view bytes) {
  std::string place(1, static_cast<char>(topic));
  AppendBig64(number, place);
  uLong sum = crc32_z(0, reinterpret_cast<const Bytef*>(place.data()), place.size());
  sum = crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return static_cast<uint32_t>(sum);
}

}  // namespace

std::string EncodeSpoolKey(uint64_t number) {
  std::string key;
  AppendBig64(number, key);
  return key;
}

std::optional<uint64_t> DecodeSpoolKey(absl::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return Big(key);
}

void EncodeSpoolValue(const ExportEvent& event, uint64_t number, std::string& out) {
  out.assign(kSumBytes, '\0');
  out.reserve(kHeadBytes + event.key.size() + event.json.size());
  out.push_back(kVersion);
  AppendBig64(static_cast<uint64_t>(event.made_ms), out);
  AppendBig64(static_cast<uint64_t>(event.event_time_ms), out);
  AppendBig64(event.seq, out);
  AppendBig32(static_cast<uint32_t>(event.key.size()), out);
  out += event.key;
  out += event.json;
  const uint32_t sum = SumOf(event.topic, number, absl::string_view(out).substr(kSumBytes));
  for (size_t i = 0; i < kSumBytes; ++i) out[i] = static_cast<char>(sum >> (24 - 8 * i));
}

std::optional<ExportEvent> DecodeSpoolValue(Topic topic, uint64_t number, absl::string_view value) {
  if (value.size() < kHeadBytes || value[kSumBytes] != kVersion) return std::nullopt;
  if (Big(value.substr(0, kSumBytes)) != SumOf(topic, number, value.substr(kSumBytes))) {
    return std::nullopt;
  }
  size_t at = kSumBytes + 1;
  const auto next = [&](size_t bytes) {
    const uint64_t read = Big(value.substr(at, bytes));
    at += bytes;
    return read;
  };
  ExportEvent event{.topic = topic};
  event.made_ms = static_cast<int64_t>(next(8));
  event.event_time_ms = static_cast<int64_t>(next(8));
  event.seq = next(8);
  const uint64_t key_bytes = next(4);
  if (key_bytes > value.size() - at) return std::nullopt;
  event.key = std::string(value.substr(at, key_bytes));
  event.json = std::string(value.substr(at + key_bytes));
  return event;
}

}  // namespace vedette
