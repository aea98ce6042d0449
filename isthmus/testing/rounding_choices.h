// SPDX-License-Identifier: Apache-2.0
// What a bf16 program may compute, where more than one result is right.
//
// A float32 operand differs from its double by some units in the last place. Beside the border
// between two bf16 values it may be rounded to the other one, 2^-8 of itself away; beside a tie a
// comparison (the slope of a relu) may come out the other way. No tolerance is small enough to see
// a fault and large enough for that. So the device is not asked to equal one result, but one of
// those that the ambiguous operands allow: from the reference on, choices are turned one at a time
// as long as that brings the result nearer to the device's. What then remains has to be float32
// rounding.
//
//   RoundingChoices run(graph, reference, rows);
//   EXPECT_LE(run.explain(wanted), 1);      // wanted: {{node, values, tolerance}, ...}
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/testing/rounded_reference.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {

/// What the device made of a node, and how far float32 may be off.
struct DeviceValue {
  uint32_t node = 0;
  std::vector<double> values = {};
  double tolerance = 0;
};

class RoundingChoices {
 public:
  /// From the leaves of `run`; operands of products are rounded to the nearest.
  RoundingChoices(const Graph& graph, const ReferenceRun& run, int64_t rows)
      : graph_(graph), rows_(rows) {
    values_ = with_rounded_operands(graph, run, rows);
    find_operands();
  }

  const std::vector<RefArray>& values() const { return values_; }
  size_t num_turned() const { return turned_.size(); }

  /// The largest distance in units of the tolerance that no choice explains.
  double explain(const std::vector<DeviceValue>& device) {
    // A sum is off by so much of its terms, which may be larger than itself. The surest choices
    // come first: a wide margin takes in operands that were never in doubt.
    for (double margin = tolerance::kSumF32; margin <= tolerance::kGradientF32 / 100; margin *= 2) {
      bool nearer = true;
      for (int pass = 0; nearer && pass < 4; ++pass) {
        nearer = false;
        if (worst(device, values_) <= 1) break;
        for (const Choice& choice : by_effect(ambiguous(margin), device)) {
          if (distance_if_turned(choice, device) >= squares(device, values_)) continue;
          turn(choice);
          nearer = true;
          if (worst(device, values_) <= 1) break;
        }
      }
    }
    return worst(device, values_);
  }

 private:
  using Choice = std::pair<uint32_t, size_t>;  // a node, and which of its values

  void find_operands() {
    is_operand_.resize(graph_.nodes().size());
    for (const Node& node : graph_.nodes()) {
      if (!rounds_operands(graph_, node)) continue;
      for (uint32_t input : node.inputs) is_operand_[input] = true;
    }
  }

  static bool is_comparison(const Node& node) {
    static const std::set<std::string_view> names = {"less", "less_equal", "greater",
                                                     "greater_equal", "equal"};
    return node.kind == NodeKind::kOp && names.contains(node.op->name);
  }

  static double largest(const RefArray& array) {
    double most = 0;
    for (double value : array.data) most = std::max(most, std::fabs(value));
    return most;
  }

  /// The bf16 value on the other side of `value`.
  static double other_neighbour(double value) {
    const double nearest = rounded_to_bf16(value);
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(nearest));
    const bool away = std::fabs(nearest) < std::fabs(value);  // from zero
    const uint32_t next = away ? bits + 0x10000 : bits - 0x10000;
    return static_cast<double>(std::bit_cast<float>(next));
  }

  /// Operands within float32's error of a border, and comparisons within it of a tie. Leaves are
  /// float32 numbers themselves: nothing is ambiguous about them.
  std::vector<Choice> ambiguous(double relative) const {
    std::vector<Choice> found;
    for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
      const Node& node = graph_.nodes()[i];
      if (node.kind != NodeKind::kOp) continue;
      if (is_operand_[i]) {
        const double margin = relative * largest(values_[i]);
        for (size_t k = 0; k < values_[i].data.size(); ++k) {
          const double value = values_[i].data[k];
          const double border = (rounded_to_bf16(value) + other_neighbour(value)) / 2;
          if (value != 0 && std::fabs(value - border) <= margin) found.emplace_back(i, k);
        }
      }
      if (is_comparison(node)) append_ties(i, relative, found);
    }
    return found;
  }

  /// Where a small move of an input changes the result.
  void append_ties(uint32_t i, double relative, std::vector<Choice>& found) const {
    const Node& node = graph_.nodes()[i];
    std::set<size_t> places;
    for (const double sign : {-1.0, 1.0}) {
      RefArray moved = values_[node.inputs[0]];
      double scale = largest(moved);
      for (uint32_t input : node.inputs) scale = std::max(scale, largest(values_[input]));
      for (double& value : moved.data) value += sign * relative * scale;
      std::vector<const RefArray*> in = {&moved};
      for (size_t k = 1; k < node.inputs.size(); ++k) in.push_back(&values_[node.inputs[k]]);
      RefArray out = values_[i];
      std::fill(out.data.begin(), out.data.end(), 0.0);
      node.op->reference({.attrs = node.attrs, .in = in, .rows = rows_, .out = out});
      for (size_t k = 0; k < out.data.size(); ++k) {
        if (out.data[k] != values_[i].data[k]) places.insert(k);
      }
    }
    for (size_t k : places) found.emplace_back(i, k);
  }

  double worst(const std::vector<DeviceValue>& device, const std::vector<RefArray>& values) const {
    double most = 0;
    for (const DeviceValue& d : device) {
      for (size_t k = 0; k < d.values.size(); ++k) {
        const double distance = std::fabs(d.values[k] - values[d.node].data[k]) / d.tolerance;
        if (!(distance <= most)) most = std::isnan(distance) ? 1e300 : distance;
      }
    }
    return most;
  }

  double squares(const std::vector<DeviceValue>& device,
                 const std::vector<RefArray>& values) const {
    double sum = 0;
    for (const DeviceValue& d : device) {
      for (size_t k = 0; k < d.values.size(); ++k) {
        const double distance = (d.values[k] - values[d.node].data[k]) / d.tolerance;
        sum += distance * distance;
      }
    }
    return sum;
  }

  /// Those that bring the result nearer each for itself, the one that does it most first.
  std::vector<Choice> by_effect(const std::vector<Choice>& all,
                                const std::vector<DeviceValue>& device) {
    std::vector<std::pair<double, Choice>> ordered;
    const double now = squares(device, values_);
    for (const Choice& choice : all) {
      const double then = distance_if_turned(choice, device);
      if (then < now) ordered.emplace_back(then, choice);
    }
    std::sort(ordered.begin(), ordered.end());
    std::vector<Choice> choices;
    for (const auto& [distance, choice] : ordered) choices.push_back(choice);
    return choices;
  }

  double distance_if_turned(const Choice& choice, const std::vector<DeviceValue>& device) {
    const std::vector<RefArray> before = values_;
    turn(choice);
    const double distance = squares(device, values_);
    toggle(choice);
    values_ = before;
    return distance;
  }

  void toggle(const Choice& choice) {
    if (!turned_.insert(choice).second) turned_.erase(choice);
  }

  void turn(const Choice& choice) {
    toggle(choice);
    recompute(choice.first, values_);
  }

  /// What depends on `first`, which is computed anew itself if it is a comparison.
  void recompute(uint32_t first, std::vector<RefArray>& values) const {
    std::vector<bool> dirty(values.size());
    dirty[first] = true;
    if (is_comparison(graph_.nodes()[first])) compute(first, values);
    for (uint32_t i = first + 1; i < values.size(); ++i) {
      const Node& node = graph_.nodes()[i];
      dirty[i] = std::any_of(node.inputs.begin(), node.inputs.end(),
                             [&](uint32_t in) { return dirty[in]; });
      if (dirty[i]) compute(i, values);
    }
  }

  void compute(uint32_t i, std::vector<RefArray>& values) const {
    const Node& node = graph_.nodes()[i];
    const bool rounds = rounds_operands(graph_, node);
    std::vector<RefArray> rounded;
    std::vector<const RefArray*> in;
    rounded.reserve(node.inputs.size());
    for (uint32_t input : node.inputs) {
      in.push_back(&values[input]);
      if (!rounds) continue;
      rounded.push_back(values[input]);
      for (double& value : rounded.back().data) value = rounded_to_bf16(value);
      for (auto at = turned_.lower_bound({input, 0}); at != turned_.end() && at->first == input;
           ++at) {
        rounded.back().data[at->second] = other_neighbour(values[input].data[at->second]);
      }
      in.back() = &rounded.back();
    }
    std::fill(values[i].data.begin(), values[i].data.end(), 0.0);
    node.op->reference({.attrs = node.attrs, .in = in, .rows = rows_, .out = values[i]});
    if (!is_comparison(node)) return;
    for (auto at = turned_.lower_bound({i, 0}); at != turned_.end() && at->first == i; ++at) {
      values[i].data[at->second] = 1 - values[i].data[at->second];
    }
  }

  const Graph& graph_;
  int64_t rows_;
  std::vector<RefArray> values_;
  std::vector<bool> is_operand_;
  std::set<Choice> turned_;
};

}  // namespace isthmus
