// A detector has two halves. The hot half runs on worker cores, bound at compile time: OnPacket for
// every packet that is no duplicate, OnFlowEnd for every flow that ended; both are optional and
// write to a Hot state that is handed over at each second mark. The cold half, Evaluate, runs once
// per interval on the control thread over the merged picture and is a pure function of (view,
// merged hot state, its own state, configuration): no clock, no I/O, no randomness.
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
             std::vector<Finding>& findings, Settings& settings) {
      { D::kName } -> std::convertible_to<absl::string_view>;
      { D::Config::Read(settings) } -> std::same_as<typename D::Config>;
      { hot.Merge(other) } noexcept -> std::same_as<void>;
      { hot.Clear() } noexcept -> std::same_as<void>;
      { d.Evaluate(other, view, findings) } -> std::same_as<void>;
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

  static std::vector<absl::string_view> Names() { return {Ds::kName...}; }

 private:
  template <size_t... I>
  void EvaluateEach(const Hot& merged, const IntervalView& view, std::vector<Finding>& findings,
                    std::index_sequence<I...>) {
    ((enabled_[I] ? std::get<I>(detectors_).Evaluate(std::get<I>(merged.states), view, findings)
                  : void()),
     ...);
  }

  std::array<bool, sizeof...(Ds)> enabled_;
  std::tuple<Ds...> detectors_;
};

}  // namespace vedette
#endif  // VEDETTE_DETECTORS_DETECTOR_H_
