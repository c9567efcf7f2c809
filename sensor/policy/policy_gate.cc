#include "sensor/policy/policy_gate.h"

#include <algorithm>

namespace vedette {
namespace {

constexpr size_t kFormerMax = 100'000;

std::shared_ptr<const Policy> OrEmpty(std::shared_ptr<const Policy> policy) {
  return policy != nullptr ? std::move(policy) : std::make_shared<const Policy>();
}

}  // namespace

PolicyGate::PolicyGate(std::shared_ptr<const Policy> policy, size_t lives_max)
    : policy_(OrEmpty(std::move(policy))),
      lives_max_(lives_max),
      counts_(policy_->definition().entries.size()) {}

void PolicyGate::Set(std::shared_ptr<const Policy> policy) {
  const std::shared_ptr<const Policy> before = std::exchange(policy_, OrEmpty(std::move(policy)));
  const std::vector<PolicyEntry>& left = before->definition().entries;
  for (size_t i = 0; i < left.size() && former_.size() < kFormerMax; ++i) {
    if (counts_[i].alerts != 0) former_[left[i].Identity()] = counts_[i];
  }
  const std::vector<PolicyEntry>& now = policy_->definition().entries;
  counts_.assign(now.size(), {});
  for (size_t i = 0; i < now.size(); ++i) {
    const auto known = former_.find(now[i].Identity());
    if (known == former_.end()) continue;
    counts_[i] = known->second;
    former_.erase(known);
  }
  lives_.clear();  // judged anew, under entries of other numbers
  ++generation_;
}

PolicyVerdict PolicyGate::Judge(const Key& key, const PolicyCase& asked, uint64_t calm_us) {
  PolicyVerdict verdict = policy_->Judge(asked);
  // Frames without addresses show a device by its MAC alone, which an entry for its address cannot
  // know: they belong to the life that the address has.
  if (const auto own = lives_.find(key);
      verdict.tells() && !asked.device.ip.has_value() && own != lives_.end()) {
    verdict.effect = own->second.effect;
    verdict.entry = own->second.entry;
    verdict.below_limit = own->second.effect == PolicyEffect::kAdjust;
  }
  if (verdict.tells()) {
    lives_.erase(key);  // what it would have been goes on as an alert
    if (verdict.entry.has_value()) Count(verdict, asked.at_us);
    return verdict;
  }
  auto life = lives_.find(key);
  if (life == lives_.end()) {
    Count(verdict, asked.at_us);
    if (lives_.size() >= lives_max_) return verdict;
    life = lives_.emplace(key, Life{}).first;
  }
  life->second = {.effect = verdict.effect,
                  .entry = *verdict.entry,
                  .last_us = std::max(life->second.last_us, asked.at_us),
                  .calm_us = calm_us};
  counts_[*verdict.entry].last_us = std::max(counts_[*verdict.entry].last_us, asked.at_us);
  return verdict;
}

void PolicyGate::Count(const PolicyVerdict& verdict, uint64_t at_us) {
  PolicyCount& count = counts_[*verdict.entry];
  ++count.alerts;
  count.last_us = std::max(count.last_us, at_us);
  if (verdict.below_limit) {
    ++totals_.below_limit;
  } else if (verdict.effect == PolicyEffect::kAllow) {
    ++totals_.allowed;
  } else if (verdict.effect == PolicyEffect::kSuppress) {
    ++totals_.suppressed;
  } else {
    ++totals_.adjusted;
  }
}

bool PolicyGate::Suppresses(const Key& key) const {
  const auto life = lives_.find(key);
  return life != lives_.end() && life->second.effect == PolicyEffect::kSuppress;
}

void PolicyGate::CloseCalm(uint64_t begin_us, uint64_t end_us) {
  for (auto life = lives_.begin(); life != lives_.end();) {
    const auto& [last_us, calm_us] = std::pair(life->second.last_us, life->second.calm_us);
    const bool calm = last_us < begin_us && end_us > last_us + calm_us;
    life = calm ? lives_.erase(life) : std::next(life);
  }
}

PolicyTotals PolicyGate::TotalsAt(uint64_t now_us) const {
  PolicyTotals totals = totals_;
  totals.entries = policy_->definition().entries.size();
  totals.expired = policy_->ExpiredAt(now_us);
  return totals;
}

}  // namespace vedette
