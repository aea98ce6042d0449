// SPDX-License-Identifier: Apache-2.0
// A device for tests: every step is interpreted by ReferenceRun in double precision, state is kept
// in float32. Slow, obvious and independent of the real engine; fit for tiny models only. Not part
// of the product.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/exec/executor.h"
#include "isthmus/graph/op.h"

namespace isthmus {

class ReferenceExecutor : public Executor {
 public:
  ReferenceExecutor(const Graph& graph, const CompileOptions& options, bool repeats_bits = true)
      : graph_(graph), max_rows_(options.max_rows), repeats_bits_(repeats_bits) {
    for (NodeKind kind : {NodeKind::kParameter, NodeKind::kState}) {
      for (const Node& node : graph_.nodes()) {
        if (node.kind != kind) continue;
        Tensor t(Dtype::kF32, node.type.shape);
        for (float& v : t.values<float>()) v = static_cast<float>(node.initializer.value);
        names_.push_back(node.name);
        states_.emplace(node.name, std::move(t));
      }
    }
  }

  bool repeats_bits() override { return repeats_bits_; }
  void bind_input(std::string_view name, const Tensor& values, const Scaling& scaling) override {
    inputs_.insert_or_assign(std::string(name), Input{values, scaling});
  }
  void set_scalar(std::string_view name, double value) override {
    scalars_.insert_or_assign(std::string(name), value);
  }
  void set(std::string_view name, const Tensor& value) override {
    Tensor& state = states_.at(std::string(name));
    if (state.shape() != value.shape()) {
      throw Error(ErrorCode::kShapeMismatch, std::string(name) + ": shapes differ");
    }
    state = value.clone();
  }
  Tensor get(std::string_view name) const override { return states_.at(std::string(name)).clone(); }
  void get_into(std::string_view name, Tensor& dst) const override {
    const auto source = states_.at(std::string(name)).values<float>();
    std::copy(source.begin(), source.end(), dst.values<float>().begin());
  }
  std::vector<std::string> state_names() const override { return names_; }

  void run(const StepInputs& in) override {
    const int64_t rows = static_cast<int64_t>(in.items.size());
    ISTHMUS_CHECK(rows >= 1 && rows <= max_rows_, "rows of a step");
    run_ = std::make_unique<ReferenceRun>(graph_, rows);
    for (const Node& node : graph_.nodes()) {
      if (!node.name.empty() && node.kind != NodeKind::kOp) set_leaf(node, in);
    }
    run_->run();
    std::map<std::string, std::vector<float>> next;
    for (const Assignment& a : graph_.assignments()) {
      const auto& data = run_->value(a.value).data;
      next[graph_.nodes()[a.state].name].assign(data.begin(), data.end());
    }
    for (const auto& [name, values] : next) {
      std::copy(values.begin(), values.end(), states_.at(name).values<float>().begin());
    }
  }

  double scalar(std::string_view output) const override { return run_->output(output).data.at(0); }
  std::span<const float> rows(std::string_view output) const override {
    std::vector<float>& row_values = rows_[std::string(output)];
    const auto& data = run_->output(output).data;
    row_values.assign(data.begin(), data.end());
    return row_values;
  }
  Tensor once(std::string_view output) const override {
    const RefArray& array = run_->output(output);
    Tensor t(Dtype::kF32, array.type.shape);
    std::copy(array.data.begin(), array.data.end(), t.values<float>().begin());
    return t;
  }
  uint64_t num_bytes() const override {
    uint64_t bytes = 0;
    for (const auto& [name, tensor] : states_) bytes += tensor.num_bytes();
    return bytes;
  }
  std::string plan_text() const override { return "reference\n"; }
  StepProfile profile() const override { return {}; }
  void reset_profile() override {}

 private:
  struct Input {
    Tensor values;
    Scaling scaling;
  };

  void set_leaf(const Node& node, const StepInputs& in) {
    if (node.kind == NodeKind::kInput) {
      run_->set(node.name, input_rows(node, in));
    } else if (node.kind == NodeKind::kParameter || node.kind == NodeKind::kState) {
      const auto values = states_.at(node.name).values<float>();
      run_->set(node.name, {values.begin(), values.end()});
    } else if (node.kind == NodeKind::kScalar) {
      run_->set(node.name, {scalars_.at(node.name)});
    } else if (node.kind == NodeKind::kNormal || node.kind == NodeKind::kUniform) {
      run_->set(node.name, noise(node, in));
    }
  }

  std::vector<double> input_rows(const Node& node, const StepInputs& in) const {
    const Input& input = inputs_.at(node.name);
    const int64_t size = value_count(node.type.shape);
    std::vector<double> out;
    for (int64_t item : in.items) {
      for (int64_t i = 0; i < size; ++i) {
        const size_t at = static_cast<size_t>(item * size + i);
        const double stored = input.values.dtype() == Dtype::kU8
                                  ? double{static_cast<double>(input.values.values<uint8_t>()[at])}
                                  : double{input.values.values<float>()[at]};
        const size_t column = input.scaling.shift.size() == 1 ? 0 : static_cast<size_t>(i);
        out.push_back(static_cast<float>((stored - input.scaling.shift[column]) *
                                         input.scaling.scale[column]));
      }
    }
    return out;
  }

  std::vector<double> noise(const Node& node, const StepInputs& in) const {
    const RngKey key = RngKey::from(in.seed, std::string(in.noise_purpose) + "/" + node.name);
    const int64_t size = value_count(node.type.shape);
    std::vector<float> draws(static_cast<size_t>(size));
    std::vector<double> out;
    for (int64_t item : in.items) {
      const auto fill = node.kind == NodeKind::kNormal ? fill_normal : fill_uniform;
      fill(key, static_cast<uint64_t>(item), in.epoch, 0, draws.data(), size);
      out.insert(out.end(), draws.begin(), draws.end());
    }
    return out;
  }

  Graph graph_;
  int64_t max_rows_;
  bool repeats_bits_ = true;
  std::vector<std::string> names_;
  std::map<std::string, Tensor> states_;
  std::map<std::string, Input> inputs_;
  std::map<std::string, double> scalars_;
  std::unique_ptr<ReferenceRun> run_;
  mutable std::map<std::string, std::vector<float>> rows_;
};

class ReferenceDevice : public Device {
 public:
  const DeviceInfo& info() const override { return info_; }
  std::unique_ptr<Executor> compile(const Graph& graph, const CompileOptions& options) override {
    return std::make_unique<ReferenceExecutor>(graph, options, repeats_bits);
  }
  uint64_t estimate(const Graph& graph, const CompileOptions& options) override {
    return compile(graph, options)->num_bytes();
  }
  bool repeats_bits = true;  // what the executors' self-check finds

 private:
  DeviceInfo info_{.kind = "reference",
                   .name = "double-precision interpreter",
                   .instruction_set = "none",
                   .threads = 1,
                   .arithmetic = "reference"};
};

}  // namespace isthmus
