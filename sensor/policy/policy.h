// Allow lists, suppressions and host groups: what is not to be told, or told otherwise. Plain data,
// read from files by sensor/config, compiled once, immutable after: a reload puts another one in
// its place. Asked by alert life when an alert would open, by packet time, so that a replay decides
// as the sensor did. Any thread.
//
// Several entries may cover one alert. The one with the longest prefix wins; of equal ones the one
// that names both ends, then the one that names the host itself and no group, then the more exact
// kind, then the one that is read first. Each peer of an alert has a winner of its own.
#ifndef VEDETTE_SENSOR_POLICY_POLICY_H_
#define VEDETTE_SENSOR_POLICY_POLICY_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "dataplane/track/home_networks.h"
#include "detectors/finding.h"
#include "detectors/settings.h"
#include "sensor/merge/device_identity.h"
#include "sensor/policy/prefix_table.h"

namespace vedette {

inline constexpr absl::string_view kAllKinds = "all";

enum class PolicyEffect : uint8_t {
  kTell,      // no entry, or none that is enough
  kAllow,     // ordinary here: no alert, and it explains no other
  kSuppress,  // an alert nobody wants to hear of: it explains others, but is not told
  kAdjust,    // told with another severity, or only further above its limit
};
absl::string_view TextOf(PolicyEffect effect);

// A host as an entry names it.
struct HostTerm {
  enum class Kind : uint8_t { kNone, kAny, kHome, kOutside, kPrefix, kGroup, kMac, kName };
  Kind kind = Kind::kNone;
  Prefix prefix;     // kPrefix
  std::string text;  // kGroup, kMac, kName: lower case
  std::string ToText() const;
};

struct PolicyPlace {
  uint32_t file = 0;  // of PolicyDefinition::files
  SettingPlace at;
};

struct PolicyEntry {
  PolicyEffect effect = PolicyEffect::kAllow;
  std::vector<std::string> kinds;  // "dos.syn_flood", "dos.*" or "all"
  HostTerm host;                   // either end; else one or both of:
  HostTerm source, target;
  std::optional<Severity> severity;  // kAdjust
  double limit_factor = 1;           // kAdjust
  uint64_t until_us = 0;             // exclusive; 0: for ever
  std::string comment;
  PolicyPlace place;

  bool expired(uint64_t now_us) const { return until_us != 0 && now_us >= until_us; }
  // What it says, without until, comment and place: two of one identity contradict or repeat each
  // other, and a reloaded one goes on counting.
  std::string Identity() const;
};

struct HostGroup {
  std::string name;
  std::vector<HostTerm> members;  // kPrefix, kMac, kName
  std::string comment;
  PolicyPlace place;
};

struct PolicyDefinition {
  std::vector<std::string> files;  // as they are shown
  std::vector<HostGroup> groups;
  std::vector<PolicyEntry> entries;

  bool empty() const { return groups.empty() && entries.empty(); }
  std::string PlaceText(const PolicyPlace& place) const;  // "file:line:column"
};

// One end of an alert, as far as it is known.
struct PolicyEnd {
  std::optional<IpAddress> ip;
  uint8_t prefix_length = 128;  // below 128: a prefix as a whole
  std::string mac, name;        // lower case; "": unknown
  bool home = false;
};

// `prefix_length`: of a finding about a prefix as a whole.
PolicyEnd PolicyEndOf(const EndpointKey& key, uint8_t prefix_length,
                      const DeviceIdentity& identity);

struct PolicyCase {
  absl::string_view kind;
  Role role = Role::kActor;
  PolicyEnd device;
  std::vector<std::pair<PolicyEnd, double>> peers;  // with their weights
  uint64_t peer_count = 0;                          // those not among them included
  double measured = 0, limit = 0;
  bool scales = true;  // measured / limit says how far above the limit it is
  uint64_t at_us = 0;
};

struct PolicyVerdict {
  PolicyEffect effect = PolicyEffect::kTell;
  // Which entry it is due to; none with kTell alone.
  std::optional<uint32_t> entry;
  bool below_limit = false;  // kAdjust: not above the limit that the entry gives
  size_t lookups = 0;        // what the verdict cost

  bool tells() const {
    return effect == PolicyEffect::kTell || (effect == PolicyEffect::kAdjust && !below_limit);
  }
};

class Policy {
 public:
  Policy() = default;  // tells everything
  explicit Policy(PolicyDefinition definition);

  bool empty() const { return definition_.empty(); }
  const PolicyDefinition& definition() const { return definition_; }
  const PolicyEntry& entry(uint32_t number) const { return definition_.entries[number]; }

  PolicyVerdict Judge(const PolicyCase& asked) const;

  // How well an entry fits: more is better, in this order.
  struct Rank {
    int longest = 0, other = 0;  // of the ends it names; a v4 /n is 96 + n
    int named = 0;               // ends that are no group
    int kind = 0;                // exact 2, family 1, all 0
    int64_t order = 0;           // the first read is the greatest
    friend auto operator<=>(const Rank&, const Rank&) = default;
  };
  struct Fit {
    uint32_t entry = 0;
    Rank rank;
    friend bool operator==(const Fit&, const Fit&) = default;
  };
  // The entries that cover a source and a target, expired ones included, the best first. Null: that
  // end is unknown and no entry that names it fits.
  std::vector<Fit> Fits(absl::string_view kind, const PolicyEnd* source,
                        const PolicyEnd* target) const;
  // Those that name the host on either end, whatever the other end and the kind, the best first.
  std::vector<Fit> EntriesOf(const PolicyEnd& host) const;
  // The groups it is in, the one with the longest prefix first, then by the order of the files.
  std::vector<std::string> GroupsOf(const PolicyEnd& host) const;
  // The first of them; "": in none.
  std::string GroupOf(const PolicyEnd& host) const;

  size_t ExpiredAt(uint64_t now_us) const;

 private:
  using TermId = uint32_t;
  static constexpr TermId kNobody = 0, kAny = 1, kHome = 2, kOutside = 3, kFirstFree = 4;
  // A term that covers a host, and by how many bits.
  struct Handle {
    TermId term = kNobody;
    int length = 0;
    bool group = false;
  };
  using Handles = absl::InlinedVector<Handle, 8>;
  // What is known of a network, a MAC or a name.
  struct Terms {
    TermId own = kNobody;          // of entries that name it itself
    std::vector<uint32_t> groups;  // it is a member of, by number
  };
  struct Tally;

  Terms& TermsOf(const HostTerm& host);
  TermId TermOf(const HostTerm& host);
  void IndexEntry(uint32_t number);
  void AddHandles(const Terms& terms, int length, Handles& handles) const;
  Handles HandlesOf(const PolicyEnd* host, size_t& lookups) const;
  template <typename Visit>
  size_t EachFit(absl::string_view kind, const Handles& sources, const Handles& targets,
                 Visit&& visit) const;
  std::optional<Fit> BestOf(const PolicyCase& asked, const Handles& device, const Handles& peer,
                            size_t& lookups) const;
  Tally Weigh(const PolicyCase& asked, size_t& lookups) const;

  PolicyDefinition definition_;
  PrefixTable<Terms> prefixes_;
  absl::flat_hash_map<std::string, Terms> macs_, names_;
  absl::flat_hash_map<std::string, uint32_t> group_numbers_;
  std::vector<TermId> group_terms_;  // by number
  TermId next_term_ = kFirstFree;
  std::vector<uint64_t> ends_us_;  // of entries that end, sorted
  absl::flat_hash_map<std::pair<TermId, TermId>, std::vector<uint32_t>> rules_;  // source, target
};

// Exact 2, family 1, all 0; -1: does not match.
int KindFit(absl::string_view pattern, absl::string_view kind);

}  // namespace vedette
#endif  // VEDETTE_SENSOR_POLICY_POLICY_H_
