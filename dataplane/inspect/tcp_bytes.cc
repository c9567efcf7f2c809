#include "dataplane/inspect/tcp_bytes.h"

#include <algorithm>
#include <cstring>

namespace vedette {

bool TcpBytes::Place::Add(uint32_t sequence, Bytes segment) noexcept {
  const auto ahead = static_cast<int32_t>(sequence - first_sequence_);
  if (ahead < 0) {
    const auto known = static_cast<size_t>(-static_cast<int64_t>(ahead));
    if (known >= segment.size()) return true;
    segment = segment.subspan(known);
  }
  size_t begin = static_cast<size_t>(std::max(ahead, 0));
  if (begin >= kBytes) return false;
  const size_t end = std::min(begin + segment.size(), kBytes);
  if (end <= filled_) return true;
  const bool early = begin > filled_;
  if (early && early_begin_ != early_end_) return false;
  if (early) {
    std::memcpy(bytes_.data() + begin, segment.data(), end - begin);
    early_begin_ = begin;
    early_end_ = end;
    return true;
  }
  // What came early came first, and stays.
  const auto copy = [&](size_t from, size_t to) {
    if (from < to) std::memcpy(bytes_.data() + from, segment.data() + (from - begin), to - from);
  };
  const bool has_early = early_begin_ != early_end_;
  copy(filled_, has_early ? std::min(end, early_begin_) : end);
  if (has_early) copy(early_end_, end);
  filled_ = end;
  if (early_begin_ != early_end_ && early_begin_ <= filled_) {
    filled_ = std::max(filled_, early_end_);
    early_begin_ = early_end_ = 0;
  }
  return true;
}

void TcpBytes::Place::Consume(size_t bytes) noexcept {
  if (bytes > filled_) {
    first_sequence_ += static_cast<uint32_t>(bytes);
    filled_ = early_begin_ = early_end_ = 0;
    return;
  }
  const size_t kept = std::max(filled_, early_end_) - bytes;
  std::memmove(bytes_.data(), bytes_.data() + bytes, kept);
  first_sequence_ += static_cast<uint32_t>(bytes);
  filled_ -= bytes;
  if (early_begin_ == early_end_) return;
  early_begin_ -= bytes;
  early_end_ -= bytes;
}

TcpBytes::Place* TcpBytes::Find(const void* owner, uint8_t side, uint64_t now_us) noexcept {
  for (size_t i = 0; i < lent_; ++i) {
    if (lendings_[i].owner != owner || lendings_[i].side != side) continue;
    lendings_[i].used_us = now_us;
    return &places_[i];
  }
  return nullptr;
}

TcpBytes::Place& TcpBytes::Lend(const void* owner, uint8_t side, uint32_t sequence,
                                uint64_t now_us) noexcept {
  Lending* const begin = lendings_.data();
  Lending* const end = begin + lent_;
  Lending* chosen =
      std::find_if(begin, end, [](const Lending& lending) { return lending.owner == nullptr; });
  if (chosen == end && lent_ == kPlaces) {
    chosen = std::min_element(
        begin, end, [](const Lending& a, const Lending& b) { return a.used_us < b.used_us; });
  } else if (chosen == end) {
    ++lent_;
  }
  *chosen = {.owner = owner, .used_us = now_us, .side = side};
  Place& place = places_[static_cast<size_t>(chosen - begin)];
  place.first_sequence_ = sequence;
  place.filled_ = place.early_begin_ = place.early_end_ = 0;
  return place;
}

void TcpBytes::ReleaseAll(const void* owner) noexcept {
  for (size_t i = 0; i < lent_; ++i) {
    if (lendings_[i].owner == owner) lendings_[i].owner = nullptr;
  }
}

}  // namespace vedette
