#include "dataplane/track/pair_tables.h"

#include "dataplane/track/keyed_hash.h"

namespace vedette {

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
