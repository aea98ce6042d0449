// SPDX-License-Identifier: Apache-2.0
// VAEs with networks over images against PyTorch's in double (tests/golden/networks.json, written
// by make_network_golden.py): terms, all gradients and ten Adam steps, in the double reference and
// on the CPU device in float32. The fixture holds of a tensor its norm and projections on
// directions that are drawn here again; errors are relative to the norm. The largest is 1e-14 in
// double, and on the device 1e-6 of a gradient and 6e-6 of a weight after ten steps.
#include <gtest/gtest.h>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/model.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/golden_fixture.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr int kSteps = 10;

std::vector<double> in_double(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

Shape shape_of(const Json& sizes) {
  Shape shape;
  for (const Json& size : sizes.as_array()) shape.push_back(size.as_int());
  return shape;
}

/// A case of the fixture, and what is drawn for it.
class NetworkCase {
 public:
  NetworkCase(const Json& fixture, const Json& values) : fixture_(fixture), values_(values) {}

  const Json& at(const char* key) const { return values_.at(key); }
  int64_t batch() const { return fixture_.at("batch").as_int(); }
  uint64_t noise_seed() const { return static_cast<uint64_t>(fixture_.at("noise_seed").as_int()); }
  Shape item() const { return shape_of(at("item")); }
  std::string title() const {
    return at("arch").as_string() + " " + shape_text(per_row(item())) + " " +
           at("likelihood").as_string();
  }

  ModelSetup setup() const {
    return {.model = {.name = "vae",
                      .latent_dim = std::to_string(at("latent").as_int()),
                      .likelihood = at("likelihood").as_string()},
            .own = options(),
            .data = {.kind = DataKind::kImage,
                     .item_shape = item(),
                     .dtype = Dtype::kU8,
                     .fields = {{.min = 0, .max = 255, .standard_deviation = 74}},
                     .scaling = scaling(),
                     .rounding = {fixture_.at("min_sigma").as_double()}}};
  }
  OwnOptions options() const {
    OwnOptions own = {.texts = {{"model.sigma", "learned"}}};
    for (const std::string key :
         {"arch", "stages", "kernel_side", "hidden", "blocks", "norm", "activation"}) {
      const Json* value = values_.find(key);
      if (value == nullptr) continue;
      own.texts["model." + key] =
          value->is_string() ? value->as_string() : std::to_string(value->as_int());
    }
    return own;
  }
  static Scaling scaling() { return {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}; }

  Tensor pixels() const {
    Shape whole = item();
    whole.insert(whole.begin(), batch());
    Tensor pixels(Dtype::kU8, whole);
    uint8_t* out = pixels.values<uint8_t>().data();
    for (int64_t i = 0; i < batch(); ++i) {
      for (double u : drawn("pixels", i, value_count(item())))
        *out++ = static_cast<uint8_t>(256 * u);
    }
    return pixels;
  }

  Tensor first_weight(const Json& parameter) const {
    Tensor weight(Dtype::kF32, shape_of(parameter.at("shape")));
    const auto values = weight.values<float>();
    const double scale = parameter.at("scale").as_double();
    const auto u =
        drawn("weights", parameter.at("place").as_int(), static_cast<int64_t>(values.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(scale * (u[i] - 0.5));
    return weight;
  }

  /// All leaves of a step but "step".
  LeafValues leaves(int step) const {
    LeafValues leaves = {{"kl_weight", {fixture_.at("kl_weight").as_double()}},
                         {"learning_rate", {fixture_.at("learning_rate").as_double()}},
                         {"posterior", noise(step)}};
    const Tensor stored = pixels();
    for (uint8_t pixel : stored.values<uint8_t>()) {
      leaves["x"].push_back(static_cast<float>(pixel * (1.0 / 255)));
    }
    for (const auto& [name, parameter] : at("parameters").as_object()) {
      leaves[name] = in_double(first_weight(parameter));
    }
    return leaves;
  }

  void expect(const std::vector<double>& values, const Json& expected, double relative,
              const std::string& what) const {
    const double norm = expected.at("norm").as_double();
    const auto near = [&](double value, double golden, const std::string& of) {
      EXPECT_TRUE(tolerance::within(value, golden, relative, norm))
          << what << ": " << of << " is " << value << ", PyTorch says " << golden
          << "; the norm is " << norm;
    };
    double square = 0;
    for (double v : values) square += v * v;
    near(std::sqrt(square), norm, "the norm");
    const std::vector<double> projections = numbers(expected.at("projections"));
    for (size_t j = 0; j < projections.size(); ++j) {
      const auto direction =
          drawn("directions", static_cast<int64_t>(j), static_cast<int64_t>(values.size()));
      double sum = 0;
      for (size_t i = 0; i < values.size(); ++i) sum += (direction[i] - 0.5) * values[i];
      near(sum, projections[j], "projection " + std::to_string(j));
    }
  }

 private:
  /// (0, 1), exact in float32.
  std::vector<double> drawn(const char* what, int64_t item, int64_t count) const {
    std::vector<float> u(static_cast<size_t>(count));
    const auto epoch = static_cast<uint32_t>(fixture_.at("epochs").at(what).as_int());
    fill_uniform(RngKey::from(noise_seed(), "noise/posterior"), static_cast<uint64_t>(item), epoch,
                 0, u.data(), count);
    return {u.begin(), u.end()};
  }

  /// Of the fixture (steps, batch, most latents) the first latents.
  std::vector<double> noise(int step) const {
    const std::vector<double> all = numbers(fixture_.at("noise"));
    const auto batch_size = static_cast<size_t>(batch());
    const size_t most = all.size() / (kSteps * batch_size);
    std::vector<double> of_step;
    for (size_t item = 0; item < batch_size; ++item) {
      const auto first =
          all.begin() +
          static_cast<int64_t>((static_cast<size_t>(step - 1) * batch_size + item) * most);
      of_step.insert(of_step.end(), first, first + at("latent").as_int());
    }
    return of_step;
  }

  const Json& fixture_;
  const Json& values_;
};

Graph gradients_of(const NetworkCase& c) {
  GraphBuilder g;
  output_gradients(g, build_training(g, c.setup()).objectives.front().value);
  return std::move(g).finish();
}

Graph update_of(const NetworkCase& c) {
  GraphBuilder g;
  add_update(g, build_training(g, c.setup()).objectives, {.name = "adam"});
  return std::move(g).finish();
}

/// The graph on the device, fed with a case. It draws the noise itself.
class NetworkOnDevice {
 public:
  NetworkOnDevice(const NetworkCase& c, const Graph& graph)
      : case_(c), device_(open_device({.device = "cpu", .threads = 2})) {
    executor_ = device_->compile(graph, {.max_rows = c.batch()});
    executor_->bind_input("x", c.pixels(), NetworkCase::scaling());
    const LeafValues leaves = c.leaves(1);
    for (const Node& node : graph.nodes()) {
      const auto found = leaves.find(node.name);
      if (node.kind == NodeKind::kScalar && found != leaves.end()) {
        executor_->set_scalar(node.name, found->second[0]);
      }
    }
    for (const auto& [name, parameter] : c.at("parameters").as_object()) {
      executor_->set(name, c.first_weight(parameter));
    }
    for (int64_t i = 0; i < c.batch(); ++i) items_.push_back(i);
  }

  void run(int step) {
    executor_->run(
        {.items = items_, .epoch = static_cast<uint32_t>(step), .seed = case_.noise_seed()});
  }
  Executor& executor() { return *executor_; }

 private:
  const NetworkCase& case_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Executor> executor_;
  std::vector<int64_t> items_;
};

class NetworkGolden : public testing::Test {
 protected:
  void for_each_case(void (*check)(const NetworkCase&)) {
    const Json fixture = read_golden("networks.json");
    for (const Json& values : fixture.at("cases").as_array()) {
      const NetworkCase c(fixture, values);
      SCOPED_TRACE(c.title());
      check(c);
    }
  }
};

TEST_F(NetworkGolden, TermsAndGradientsInDoubleEqualPyTorch) {
  for_each_case([](const NetworkCase& c) {
    const Graph graph = gradients_of(c);
    const ReferenceRun run = run_reference(graph, c.batch(), c.leaves(1));
    const Golden golden{tolerance::kGoldenF64};
    for (const std::string term : {"reconstruction", "kl"}) {
      golden.expect(run.output("term/" + term).data, {c.at(term.c_str()).as_double()}, term);
    }
    const Json::Object& parameters = c.at("parameters").as_object();
    EXPECT_EQ(graph.parameters().size(), parameters.size());
    for (const auto& [name, parameter] : parameters) {
      c.expect(run.output("gradient/" + name).data, parameter.at("gradient"), tolerance::kGoldenF64,
               name);
    }
  });
}

TEST_F(NetworkGolden, TenAdamStepsInDoubleEqualPyTorch) {
  for_each_case([](const NetworkCase& c) {
    const Graph graph = update_of(c);
    LeafValues leaves = c.leaves(1);
    std::vector<double> objectives;
    for (int step = 1; step <= kSteps; ++step) {
      leaves["step"] = {static_cast<double>(step)};
      leaves["posterior"] = c.leaves(step).at("posterior");
      const ReferenceRun run = run_reference(graph, c.batch(), leaves);
      objectives.push_back(run.output("objective").data[0]);
      for (const Assignment& a : graph.assignments()) {
        const std::string& name = graph.nodes()[a.state].name;
        leaves[name] = run.assigned(name).data;
      }
    }
    Golden{tolerance::kGoldenF64}.expect(objectives, numbers(c.at("objectives")), "objectives");
    for (const auto& [name, parameter] : c.at("parameters").as_object()) {
      c.expect(leaves[name], parameter.at("after"), tolerance::kGoldenF64, name);
    }
  });
}

TEST_F(NetworkGolden, TermsAndGradientsOnTheDeviceEqualPyTorch) {
  for_each_case([](const NetworkCase& c) {
    NetworkOnDevice on_device(c, gradients_of(c));
    on_device.run(1);
    const Golden golden{tolerance::kGoldenF32};
    for (const std::string term : {"reconstruction", "kl"}) {
      golden.expect({on_device.executor().scalar("term/" + term)}, {c.at(term.c_str()).as_double()},
                    term);
    }
    for (const auto& [name, parameter] : c.at("parameters").as_object()) {
      c.expect(in_double(on_device.executor().once("gradient/" + name)), parameter.at("gradient"),
               tolerance::kGoldenF32, name);
    }
  });
}

TEST_F(NetworkGolden, TenAdamStepsOnTheDeviceEqualPyTorch) {
  for_each_case([](const NetworkCase& c) {
    NetworkOnDevice on_device(c, update_of(c));
    std::vector<double> objectives;
    for (int step = 1; step <= kSteps; ++step) {
      on_device.executor().set_scalar("step", step);
      on_device.run(step);
      objectives.push_back(on_device.executor().scalar("objective"));
    }
    Golden{tolerance::kGoldenF32}.expect(objectives, numbers(c.at("objectives")), "objectives");
    for (const auto& [name, parameter] : c.at("parameters").as_object()) {
      c.expect(in_double(on_device.executor().get(name)), parameter.at("after"),
               tolerance::kGoldenF32, name);
    }
  });
}

}  // namespace
}  // namespace isthmus
