// SPDX-License-Identifier: Apache-2.0
// Terms, all gradients and ten Adam steps of each model on the CPU device in float32 against
// PyTorch's in double (tests/golden/models.json). The device draws the noise itself, from the key
// with which make_golden.py computed the fixture's; data come as bytes and as floats.
// After ten steps the largest error is 4e-7.
#include <gtest/gtest.h>

#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/golden_models.h"

namespace isthmus {
namespace {

constexpr Golden kGolden{tolerance::kGoldenF32};

std::vector<double> in_double(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

template <class T>
Tensor tensor_of(const Shape& shape, const std::vector<double>& values) {
  return Tensor::from<T>(shape, std::vector<T>(values.begin(), values.end()));
}

enum class Stored : uint8_t { kBytes, kFloats };

/// A case's graph on the device, with weights, data and scalars set.
class GoldenRun {
 public:
  GoldenRun(const GoldenCase& c, Graph graph, Stored stored)
      : case_(c), graph_(std::move(graph)), device_(open_device({.device = "cpu", .threads = 2})) {
    executor_ = device_->compile(graph_, {.max_rows = c.batch()});
    bind(stored);
    for (const auto& [name, values] : golden_leaves(c)) set(name, values);
    for (int64_t i = 0; i < c.batch(); ++i) items_.push_back(i);
  }

  const Graph& graph() const { return graph_; }
  Executor& executor() { return *executor_; }

  void run(int step) {
    set("step", {static_cast<double>(step)});
    executor_->run({.items = items_,
                    .epoch = static_cast<uint32_t>(step),
                    .seed = static_cast<uint64_t>(case_.fixture->at("noise_seed").as_int())});
  }

 private:
  /// A parameter or a scalar, if the graph has it.
  void set(const std::string& name, const std::vector<double>& values) {
    for (const Node& node : graph_.nodes()) {
      if (node.name != name) continue;
      if (node.kind == NodeKind::kScalar) executor_->set_scalar(name, values[0]);
      if (node.kind != NodeKind::kParameter) continue;
      executor_->set(name, tensor_of<float>(node.type.shape, values));
    }
  }

  void bind(Stored stored) {
    const Shape shape = {case_.batch(), case_.fixture->at("values").as_int()};
    const Json& fixture = *case_.fixture;
    if (stored == Stored::kBytes) {
      const Tensor pixels = tensor_of<uint8_t>(shape, numbers(fixture.at("pixels")));
      executor_->bind_input("x", pixels, golden_scaling());
    } else {
      executor_->bind_input("x", tensor_of<float>(shape, numbers(fixture.at("x"))), {});
    }
  }

  GoldenCase case_;
  Graph graph_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Executor> executor_;
  std::vector<int64_t> items_;
};

void check_terms_and_gradients(const GoldenCase& c, Stored stored) {
  GraphBuilder g;
  output_gradients(g, build_training(g, golden_setup(c)).objectives.front().value);
  GoldenRun on_device(c, std::move(g).finish(), stored);
  on_device.run(1);
  for (const char* term : {"reconstruction", "kl"}) {
    if (const Json* value = c.values->find(term)) {
      kGolden.expect({on_device.executor().scalar("term/" + std::string(term))},
                     {value->as_double()}, term);
    }
  }
  const Json::Object& gradients = c.values->at("gradients").as_object();
  EXPECT_EQ(on_device.graph().parameters().size(), gradients.size());
  for (const auto& [name, gradient] : gradients) {
    kGolden.expect(in_double(on_device.executor().once("gradient/" + name)), numbers(gradient),
                   name);
  }
}

void check_ten_adam_steps(const GoldenCase& c, Stored stored) {
  GraphBuilder g;
  add_update(g, build_training(g, golden_setup(c)).objectives, {.name = "adam"});
  GoldenRun on_device(c, std::move(g).finish(), stored);
  std::vector<double> objectives;
  for (int step = 1; step <= kGoldenSteps; ++step) {
    on_device.run(step);
    objectives.push_back(on_device.executor().scalar("objective"));
  }
  kGolden.expect(objectives, numbers(c.values->at("objectives")), "objectives");
  const Json::Object& after = c.values->at("weights_after").as_object();
  EXPECT_EQ(on_device.graph().parameters().size(), after.size());
  for (const auto& [name, weights] : after) {
    kGolden.expect(in_double(on_device.executor().get(name)), numbers(weights), name);
  }
}

TEST(ModelGolden, TermsAndGradientsOnTheDeviceEqualPyTorch) {
  const Json fixture = read_golden("models.json");
  for (const GoldenCase& c : golden_cases(fixture)) {
    for (const Stored stored : {Stored::kBytes, Stored::kFloats}) {
      SCOPED_TRACE(c.title());
      check_terms_and_gradients(c, stored);
    }
  }
}

TEST(ModelGolden, TenAdamStepsOnTheDeviceEqualPyTorch) {
  const Json fixture = read_golden("models.json");
  for (const GoldenCase& c : golden_cases(fixture)) {
    for (const Stored stored : {Stored::kBytes, Stored::kFloats}) {
      SCOPED_TRACE(c.title());
      check_ten_adam_steps(c, stored);
    }
  }
}

}  // namespace
}  // namespace isthmus
