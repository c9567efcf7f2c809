// A detector has two halves. The hot half runs on worker cores, bound at compile time: OnPacket for
// every packet that is no duplicate, OnFlowEnd for every flow that ended; both are optional and
// write to a Hot state that is handed over at each second mark. The cold half, Evaluate, runs once
// per interval on the control thread over the merged picture and is a pure function of (view,
// merged hot state, its own state, configuration): no clock, no I/O, no randomness.
// What of its own state outlives an interval it names in its Keep (keep.h).
//
// Adding one: its header (and .cc), its line in registry.h, its stanza in conf/vedette.yaml, its
// test; scripts/new_detector writes all four.
#ifndef VEDETTE_DETECTORS_DETECTOR_H_
#define VEDETTE_DETECTORS_DETECTOR_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "dataplane/track/tracked_packet.h"
#include "detectors/finding.h"
#include "detectors/interval_view.h"
#include "detectors/keep.h"
#include "detectors/settings.h"

namespace vedette {

// For detectors whose evidence is all in the IntervalView.
struct NoHotState {
  void Merge(const NoHotState&) noexcept {}
  void Clear() noexcept {}
};

template <typename D>
concept Detector =
    requires(D d, typename D::Hot& hot, const typename D::Hot& other, const IntervalView& view,
             std::vector<Finding>& findings, Settings& settings, FieldPlaces& places) {
      { D::kName } -> std::convertible_to<absl::string_view>;
      { D::Config::Read(settings) } -> std::same_as<typename D::Config>;
      { hot.Merge(other) } noexcept -> std::same_as<void>;
      { hot.Clear() } noexcept -> std::same_as<void>;
      { d.Evaluate(other, view, findings) } -> std::same_as<void>;
      { d.Keep(places) } -> std::same_as<void>;
      requires std::constructible_from<D, const typename D::Config&>;
    };

template <typename D>
constexpr bool HearsFlowEnds() {
  return requires(typename D::Hot& hot, const Flow& flow) {
    D::OnFlowEnd(hot, flow, FlowEnd::kNone);
  };
}

// The registered detectors as one thing. One call per packet that the compiler flattens: no
// virtual call, no list to walk, nothing at all for detectors without a hot half.
template <Detector... Ds>
class DetectorPack {
 public:
  static constexpr size_t kCount = sizeof...(Ds);
  template <typename D>
  struct Setting {
    bool enabled = true;
    typename D::Config config;
  };
  using Configs = std::tuple<Setting<Ds>...>;

  // One shard's hot states of one interval. Large: held in memory made at start.
  struct Hot {
    std::tuple<typename Ds::Hot...> states;
    static constexpr bool kHearsFlowEnds = (HearsFlowEnds<Ds>() || ...);

    void OnPacket(const TrackedPacket& packet) noexcept {
      PacketEach(packet, std::index_sequence_for<Ds...>{});
    }
    void OnFlowEnd(const Flow& flow, FlowEnd end) noexcept {
      FlowEndEach(flow, end, std::index_sequence_for<Ds...>{});
    }
    void Merge(const Hot& other) noexcept { MergeEach(other, std::index_sequence_for<Ds...>{}); }
    void Clear() noexcept {
      std::apply([](auto&... state) { (state.Clear(), ...); }, states);
    }

   private:
    template <size_t... I>
    void PacketEach(const TrackedPacket& packet, std::index_sequence<I...>) noexcept {
      const auto call = [&packet]<typename D>(std::type_identity<D>, typename D::Hot& hot) {
        if constexpr (requires { D::OnPacket(hot, packet); }) D::OnPacket(hot, packet);
      };
      (call(std::type_identity<Ds>{}, std::get<I>(states)), ...);
    }
    template <size_t... I>
    void FlowEndEach(const Flow& flow, FlowEnd end, std::index_sequence<I...>) noexcept {
      const auto call = [&flow, end]<typename D>(std::type_identity<D>, typename D::Hot& hot) {
        if constexpr (requires { D::OnFlowEnd(hot, flow, end); }) D::OnFlowEnd(hot, flow, end);
      };
      (call(std::type_identity<Ds>{}, std::get<I>(states)), ...);
    }
    template <size_t... I>
    void MergeEach(const Hot& other, std::index_sequence<I...>) noexcept {
      (std::get<I>(states).Merge(std::get<I>(other.states)), ...);
    }
  };

  // `section_of(name)` yields the Settings of `detectors: <name>:`. A new detector's settings are
  // read without an edit here or in sensor/config.
  template <typename SectionOf>
  static Configs ReadConfigs(SectionOf section_of) {
    const auto read = [&section_of]<typename D>(std::type_identity<D>) {
      Settings settings = section_of(D::kName);
      Setting<D> setting;
      settings.Flag("enabled", setting.enabled);
      setting.config = D::Config::Read(settings);
      settings.Finish();
      return setting;
    };
    return Configs{read(std::type_identity<Ds>{})...};
  }

  explicit DetectorPack(const Configs& configs)
      : enabled_{std::get<Setting<Ds>>(configs).enabled...},
        detectors_(Ds(std::get<Setting<Ds>>(configs).config)...) {}

  void Evaluate(const Hot& merged, const IntervalView& view, std::vector<Finding>& findings) {
    EvaluateEach(merged, view, findings, std::index_sequence_for<Ds...>{});
  }

  // The source has ended: the view holds the windows that this has closed, and nothing else. For
  // detectors that judge windows.
  void EvaluateEnd(const IntervalView& view, std::vector<Finding>& findings) {
    EvaluateEndEach(view, findings, std::index_sequence_for<Ds...>{});
  }

  // `io_of(name)` yields the Io for that detector's fields. One that is switched off has nothing to
  // keep.
  template <typename IoOf>
  void Keep(IoOf io_of) {
    KeepEach(io_of, std::index_sequence_for<Ds...>{});
  }
  // The sensor saw nothing for a while.
  void OnAway() {
    const auto tell = []<typename D>(D& detector) {
      if constexpr (requires { detector.OnAway(); }) detector.OnAway();
    };
    std::apply([&tell](auto&... detectors) { (tell(detectors), ...); }, detectors_);
  }
  // Judges by other settings from here on. What is known of devices stays; a detector that was off
  // begins anew, as what it knew has gaps.
  void Reconfigure(const Configs& configs) {
    DetectorPack fresh(configs);
    HandOnEach(fresh, std::index_sequence_for<Ds...>{});
    enabled_ = fresh.enabled_;
    detectors_ = std::move(fresh.detectors_);
  }

  static std::vector<absl::string_view> Names() { return {Ds::kName...}; }

 private:
  template <size_t... I>
  void EvaluateEach(const Hot& merged, const IntervalView& view, std::vector<Finding>& findings,
                    std::index_sequence<I...>) {
    ((enabled_[I] ? std::get<I>(detectors_).Evaluate(std::get<I>(merged.states), view, findings)
                  : void()),
     ...);
  }

  template <size_t... I>
  void EvaluateEndEach(const IntervalView& view, std::vector<Finding>& findings,
                       std::index_sequence<I...>) {
    const auto evaluate = [&](bool enabled, auto& detector) {
      if constexpr (requires { detector.EvaluateEnd(view, findings); }) {
        if (enabled) detector.EvaluateEnd(view, findings);
      }
    };
    (evaluate(enabled_[I], std::get<I>(detectors_)), ...);
  }

  template <typename IoOf, size_t... I>
  void KeepEach(IoOf& io_of, std::index_sequence<I...>) {
    const auto keep = [&io_of]<typename D>(bool enabled, D& detector) {
      if (!enabled) return;
      auto&& io = io_of(absl::string_view(D::kName));
      detector.Keep(io);
    };
    (keep(enabled_[I], std::get<I>(detectors_)), ...);
  }
  template <size_t... I>
  void HandOnEach(DetectorPack& fresh, std::index_sequence<I...>) {
    const auto hand_on = [](bool on, auto& from, auto& to) {
      if (on) HandOnState(from, to);
    };
    (hand_on(enabled_[I] && fresh.enabled_[I], std::get<I>(detectors_),
             std::get<I>(fresh.detectors_)),
     ...);
  }

  std::array<bool, sizeof...(Ds)> enabled_;
  std::tuple<Ds...> detectors_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DETECTOR_H_
