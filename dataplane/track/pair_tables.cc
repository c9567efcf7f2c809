#include "dataplane/track/pair_tables.h"

#include "dataplane/track/keyed_hash.h"

namespace vedette {

void EgressTable::Add(const EndpointKey& device, const IpAddress& destination, KeyHash pair,
                      uint64_t bytes) noexcept {
  EgressPair* found = pairs_.Find(pair, [&](const EgressPair& other) {
    return other.destination == destination && other.device == device;
  });
  if (found == nullptr) {
    found = pairs_.full() ? &Displace(pair) : &pairs_.Insert(pair);
    found->device = device;
    found->destination = destination;
  }
  found->bytes += bytes;
  ++found->packets;
}

EgressPair& EgressTable::Displace(KeyHash pair) noexcept {
  size_t lightest = hand_ = hand_ + 1 < pairs_.capacity() ? hand_ + 1 : 0;
  for (size_t i = 1; i < kCandidates; ++i) {
    hand_ = hand_ + 1 < pairs_.capacity() ? hand_ + 1 : 0;
    if (pairs_[hand_].bytes < pairs_[lightest].bytes) lightest = hand_;
  }
  ++displaced_;
  const uint64_t inherited_bytes = pairs_[lightest].bytes;
  EgressPair& newcomer = pairs_.Replace(lightest, pair);
  newcomer.bytes = newcomer.error_bytes = inherited_bytes;
  return newcomer;
}

void EgressTable::Clear() noexcept {
  pairs_.Clear();
  hand_ = 0;
  displaced_ = 0;
}

AttemptPair* AttemptTable::Obtain(const EndpointKey& source, const IpAddress& target,
                                  KeyHash pair) noexcept {
  AttemptPair* found = pairs_.Find(pair, [&](const AttemptPair& other) {
    return other.target == target && other.source == source;
  });
  if (found != nullptr) return found;
  if (pairs_.full()) {
    ++refused_;
    return nullptr;
  }
  found = &pairs_.Insert(pair);
  found->source = source;
  found->target = target;
  return found;
}

void AttemptTable::Clear() noexcept {
  pairs_.Clear();
  refused_ = 0;
}

void IrregularityTable::Note(const EndpointKey& sender, KeyHash sender_key, const IpAddress& target,
                             DecodeStatus kind, uint64_t now_us) noexcept {
  const KeyHash key = KeyedHash::Combine(sender_key, static_cast<uint64_t>(kind));
  IrregularityCount* found = counts_.Find(key, [&](const IrregularityCount& other) {
    return other.kind == kind && other.sender == sender;
  });
  if (found == nullptr) {
    if (counts_.full()) {
      ++refused_;
      return;
    }
    found = &counts_.Insert(key);
    found->sender = sender;
    found->kind = kind;
    found->first_us = now_us;
  }
  ++found->packets;
  found->last_us = now_us;
  found->last_target = target;
}

void IrregularityTable::Clear() noexcept {
  counts_.Clear();
  refused_ = 0;
}

}  // namespace vedette
