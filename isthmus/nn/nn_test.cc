// SPDX-License-Identifier: Apache-2.0
// Layers against values by hand, initializers against the variances that their rules promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/graph/op.h"
#include "isthmus/nn/activations.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/nn/net.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

struct Moments {
  double mean = 0, variance = 0, largest = 0;
};

Moments moments_of(const Initializer& initializer, const Shape& shape) {
  const Tensor tensor = initialize(initializer, shape, RngKey::from(7, "init/test"));
  Moments m;
  double squares = 0;
  for (float v : tensor.values<float>()) {
    m.mean += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
    m.largest = std::max(m.largest, std::fabs(static_cast<double>(v)));
  }
  const double n = static_cast<double>(tensor.num_values());
  m.mean /= n;
  m.variance = squares / n - m.mean * m.mean;
  return m;
}

double value_of_activation(const std::string& name, double x) {
  GraphBuilder g;
  g.output("y", activation(g, name, g.input("x", {1})));
  const Graph graph = std::move(g).finish();
  return run_reference(graph, 1, {{"x", {x}}}).output("y").data[0];
}

TEST(Linear, ComputesTheProductByHand) {
  GraphBuilder g;
  {
    const Network layer({g}, "encoder", 2, {}, 3);
    g.output("y", layer({g}, g.input("x", {2})));
  }
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, 2,
                                         {{"x", {1, 2, -1, 0.5}},
                                          {"encoder/0/weight", {1, 2, 3, 4, 5, 6}},
                                          {"encoder/0/bias", {0.1, 0.2, 0.3}}});
  const std::vector<double> expected = {9.1, 12.2, 15.3, 1.1, 0.7, 0.3};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(run.output("y").data[i], expected[i], tolerance::kSumF64 * 100);
  }
}

TEST(Linear, KeepsLeadingAxes) {
  GraphBuilder g;
  const Network layer({g}, "n", 2, {}, 3);
  EXPECT_EQ(g.shape(layer({g}, g.input("x", {7, 2}))), (Shape{7, 3}));
}

TEST(Activations, HaveTheirValuesAtTwoPoints) {
  const std::map<std::string, std::pair<double, double>> expected = {
      // at -1 and at 2
      {"relu", {0, 2}},
      {"leaky_relu", {-0.01, 2}},
      {"tanh", {std::tanh(-1.0), std::tanh(2.0)}},
      {"sigmoid", {1 / (1 + std::exp(1.0)), 1 / (1 + std::exp(-2.0))}},
      {"gelu", {-0.5 * std::erfc(std::sqrt(0.5)), 2 - std::erfc(std::sqrt(2.0))}},
      {"silu", {-1 / (1 + std::exp(1.0)), 2 / (1 + std::exp(-2.0))}},
      {"elu", {std::exp(-1.0) - 1, 2}},
      {"softplus", {std::log1p(std::exp(-1.0)), 2 + std::log1p(std::exp(-2.0))}},
      {"identity", {-1, 2}}};
  ASSERT_EQ(activation_names().size(), expected.size());
  for (const std::string& name : activation_names()) {
    EXPECT_NEAR(value_of_activation(name, -1), expected.at(name).first, tolerance::kElementwiseF64);
    EXPECT_NEAR(value_of_activation(name, 2), expected.at(name).second,
                2 * tolerance::kElementwiseF64)
        << name;
  }
}

TEST(Activations, SuggestTheNearestName) {
  GraphBuilder g;
  Value x = g.input("x", {1});
  try {
    activation(g, "sigmiod", x);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadValue);
    EXPECT_NE(error.hint().find("sigmoid"), std::string::npos);
  }
}

TEST(Network, NamesItsParametersByScope) {
  GraphBuilder g;
  const Network encoder({g}, "encoder", 6, {.hidden = {5, 4}}, 3);
  Value y = encoder({g}, g.input("x", {6}));
  EXPECT_EQ(g.shape(y), (Shape{3}));
  std::vector<std::string> names;
  for (Value p : g.parameters()) names.push_back(g.node(p).name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"encoder/0/weight", "encoder/0/bias", "encoder/1/weight",
                                      "encoder/1/bias", "encoder/2/weight", "encoder/2/bias"}));
}

TEST(Network, LastLayerHasNoActivationAndItsOwnInitializer) {
  GraphBuilder g;
  const Network n({g}, "n", 6, {.hidden = {5}, .activation = "relu", .init = "he_normal"}, 3);
  n({g}, g.input("x", {6}));
  const Values parameters = g.parameters();
  EXPECT_EQ(g.node(parameters[0]).initializer.kind, "he_normal");
  EXPECT_EQ(g.node(parameters[1]).initializer.kind, "zeros");
  EXPECT_EQ(g.node(parameters[2]).initializer.kind, "glorot_uniform");
  EXPECT_EQ(g.node(g.value(static_cast<uint32_t>(g.num_nodes() - 1))).op->name, "add");
}

TEST(Network, WithoutHiddenLayersIsOneLayer) {
  GraphBuilder g;
  const Network n({g}, "n", 6, {}, 3);
  EXPECT_EQ(g.parameters().size(), 2u);
}

TEST(Network, TheTailOfTheOutputStartsSmaller) {
  const RngKey key = RngKey::from(3, "init/w");
  const Tensor plain = initialize({.kind = "glorot_uniform"}, {5, 4}, key);
  const Tensor tail =
      initialize({.kind = "glorot_uniform", .tail = 2, .tail_scale = 0.25}, {5, 4}, key);
  for (size_t i = 0; i < 20; ++i) {
    const float factor = i % 4 < 2 ? 1.0f : 0.25f;
    EXPECT_EQ(tail.values<float>()[i], factor * plain.values<float>()[i]);
  }
}

TEST(Network, IsAppliedTwiceWithTheSameWeights) {
  GraphBuilder g;
  const Network n({g, Mode::kTraining}, "n", 2, {.hidden = {3}, .dropout = 0.5}, 1);
  g.output("a", n({g, Mode::kTraining}, g.input("a", {2})));
  g.output("b", n({g, Mode::kTraining}, g.input("b", {2})));
  std::vector<std::string> streams;
  const Graph graph = std::move(g).finish();
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kUniform) streams.push_back(node.name);
  }
  EXPECT_EQ(graph.parameters().size(), 4u);
  EXPECT_EQ(streams, (std::vector<std::string>{"n/1/dropout", "n/1/dropout1"}));
}

TEST(Network, AContextEntersTheFirstLayer) {
  GraphBuilder g;
  const Network n({g}, "n", 2, {.hidden = {3}, .activation = "identity", .context = 2}, 1);
  g.output("y", n({g}, g.input("x", {2}), g.input("c", {2})));
  const Graph graph = std::move(g).finish();
  const LeafValues leaves = {{"x", {1, 2}},
                             {"c", {10, 100}},
                             {"n/0/weight", {1, 0, 0, 0, 1, 0}},
                             {"n/0/bias", {0, 0, 0}},
                             {"n/0/context", {0, 0, 0.5, 0, 0, 0.25}},
                             {"n/1/weight", {1, 1, 1}},
                             {"n/1/bias", {0}}};
  EXPECT_EQ(run_reference(graph, 1, leaves).output("y").data[0], 1 + 2 + 5 + 25);
}

TEST(Dropout, IsOffAtInferenceAndKeepsTheMeanInTraining) {
  GraphBuilder g;
  Value x = g.input("x", {1000});
  EXPECT_EQ(dropout({g, Mode::kInference}, x, 0.25, "d"), x);
  EXPECT_EQ(dropout({g, Mode::kTraining}, x, 0, "d"), x);
  g.output("y", dropout({g, Mode::kTraining}, x, 0.25, "d"));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 4);
  leaves["x"].assign(leaves["x"].size(), 3);
  double dropped = 0;
  const std::vector<double> y = run_reference(graph, 4, leaves).output("y").data;
  for (double v : y) {
    if (v == 0) ++dropped;
    if (v != 0) {
      EXPECT_NEAR(v, 4, 1e-12);
    }
  }
  EXPECT_NEAR(dropped / 4000, 0.25, 5 * std::sqrt(0.25 * 0.75 / 4000));
}

TEST(Network, HiddenInitializerIsGlorotUnlessNamed) {
  EXPECT_EQ(hidden_initializer({.activation = "relu"}).kind, "glorot_uniform");
  EXPECT_EQ(hidden_initializer({.activation = "tanh", .init = "lecun_normal"}).kind,
            "lecun_normal");
}

TEST(Network, MirroredReversesTheWidths) {
  EXPECT_EQ(mirrored({.hidden = {256, 128}}).hidden, (std::vector<int64_t>{128, 256}));
}

TEST(Initializers, HaveTheVarianceOfTheirFans) {
  const Shape shape = {300, 200};
  const std::map<std::string, double> expected = {{"glorot_uniform", 2.0 / 500},
                                                  {"glorot_normal", 2.0 / 500},
                                                  {"he_uniform", 2.0 / 300},
                                                  {"he_normal", 2.0 / 300},
                                                  {"lecun_normal", 1.0 / 300}};
  ASSERT_EQ(weight_initializer_names().size(), expected.size());
  for (const auto& [kind, variance] : expected) {
    const Moments m = moments_of({.kind = kind}, shape);
    const double n = 60000;  // five standard errors of the mean and of the variance
    EXPECT_NEAR(m.mean, 0, 5 * std::sqrt(variance / n)) << kind;
    EXPECT_NEAR(m.variance, variance, 5 * variance * std::sqrt(2 / n)) << kind;
  }
}

TEST(Initializers, UniformKindsStayInsideTheirBounds) {
  EXPECT_LE(moments_of({.kind = "glorot_uniform"}, {300, 200}).largest, std::sqrt(6.0 / 500));
  EXPECT_LE(moments_of({.kind = "he_uniform"}, {300, 200}).largest, std::sqrt(6.0 / 300));
}

TEST(Initializers, ConstantsAreExact) {
  const Tensor tensor = initialize({.kind = "constant", .value = -1.25}, {3}, {});
  for (float v : tensor.values<float>()) EXPECT_EQ(v, -1.25f);
  EXPECT_EQ(initialize({.kind = "normal", .value = 0}, {2}, {}).values<float>()[0], 0.0f);
}

TEST(Initializers, ValuesDependOnSeedAndNameAlone) {
  GraphBuilder g;
  const Network encoder({g}, "encoder", 6, {.hidden = {5}}, 3);
  g.output("y", encoder({g}, g.input("x", {6})));
  const Graph graph = std::move(g).finish();
  GraphBuilder h;  // the same layer behind another one
  h.parameter("first", {3}, {.kind = "he_normal"});
  const Network wider({h}, "encoder", 6, {.hidden = {5}}, 4);
  h.output("y", wider({h}, h.input("x", {6})));
  const Graph other = std::move(h).finish();
  const auto bits = [](const Graph& made, uint64_t seed) {
    const NamedTensors tensors = initialize(made, seed);
    const auto values = tensors.at("encoder/0/weight").values<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  EXPECT_EQ(bits(graph, 1), bits(graph, 1));
  EXPECT_EQ(bits(graph, 1), bits(other, 1));
  EXPECT_NE(bits(graph, 1), bits(graph, 2));
}

TEST(Initializers, RefuseAnUnknownKind) {
  EXPECT_THROW(initialize({.kind = "he_norm"}, {2, 2}, {}), Error);
}

/// Encoder and decoder of a network for images, as a graph x -> code and z -> params.
struct NetPair {
  NetPair(const std::string& name, const Shape& item,
          const std::map<std::string, std::string, std::less<>>& options, int64_t params = 1,
          bool side_by_side = false) {
    const OwnOptions own = {options};
    NetRequest request = {.scope = "encoder", .item = item, .code = 5};
    request.options.hidden = {6};
    const NetDef& net = all_nets().find(name);
    const Value x = g.input("x", {value_count(item)}), z = g.input("z", {5});
    code = net.encoder({g}, request, own)({g}, x);
    request.scope = "decoder";
    request.params_per_value = params;
    request.side_by_side = side_by_side;
    std::vector<float> first(static_cast<size_t>(params * value_count(item)));
    for (size_t i = 0; i < first.size(); ++i) {
      const auto values = static_cast<size_t>(value_count(item));
      first[i] = static_cast<float>(side_by_side ? i % static_cast<size_t>(params) : i / values);
    }
    request.options.output_bias = {.kind = "values", .values = first};
    decoded = net.decoder({g}, request, own)({g}, z);
    g.output("code", code);
    g.output("decoded", decoded);
  }
  std::vector<std::string> parameters() const {
    std::vector<std::string> names;
    for (const Value p : g.parameters()) names.push_back(g.node(p).name + shape_text(g.shape(p)));
    return names;
  }
  GraphBuilder g;
  Value code, decoded;
};

const char* const kImageNets[] = {"conv", "resnet"};

TEST(ImageNets, MirrorAnyImage) {
  for (const char* net : kImageNets) {
    for (const char* norm : {"none", "group", "layer"}) {
      for (const Shape& item : {Shape{28, 28}, Shape{9, 13}, Shape{8, 8, 3}, Shape{31, 17, 1},
                                Shape{37, 11, 2}, Shape{8, 251}, Shape{10, 9, 4}}) {
        const NetPair pair(net, item, {{"model.stages", "3,4"}, {"model.norm", norm}}, 2);
        EXPECT_EQ(Shape{5}, pair.g.shape(pair.code));
        EXPECT_EQ(Shape{2 * value_count(item)}, pair.g.shape(pair.decoded));
      }
    }
  }
}

/// With all weights zero the outputs are the biases, which say where each parameter lies.
TEST(ImageNets, LayTheParametersOfAllValuesOneBehindTheOtherOrSideBySide) {
  for (const char* net : kImageNets) {
    for (const bool side_by_side : {false, true}) {
      NetPair pair(net, {8, 9, 3}, {{"model.stages", "2"}}, 2, side_by_side);
      const Graph graph = std::move(pair.g).finish();
      ReferenceRun run(graph, 1);
      for (const auto& [name, tensor] : initialize(graph, 1)) {
        const auto values = tensor.values<float>();
        std::vector<double> given(values.begin(), values.end());
        if (name.ends_with("weight")) std::fill(given.begin(), given.end(), 0.0);
        run.set(name, given);
      }
      run.set("x", std::vector<double>(8 * 9 * 3, 0.5));
      run.set("z", std::vector<double>(5, 0.5));
      run.run();
      const auto& y = run.output("decoded").data;
      for (size_t i = 0; i < y.size(); ++i) {
        EXPECT_EQ(static_cast<double>(side_by_side ? i % 2 : i / (8 * 9 * 3)), y[i])
            << net << " " << i;
      }
    }
  }
}

std::string net_error(const std::string& net, const Shape& item, const std::string& stages,
                      const std::string& norm = "none") {
  try {
    NetPair(net, item, {{"model.stages", stages}, {"model.norm", norm}});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ImageNets, RefuseWhatTheyCannotHalve) {
  for (const std::string net : kImageNets) {
    const auto error = [&](const Shape& item, const std::string& stages) {
      return net_error(net, item, stages);
    };
    EXPECT_NE(std::string::npos, error({12}, "4").find(net + " needs images, and an item has 1"));
    EXPECT_NE(std::string::npos, error({7, 28}, "4").find("these are 7 x 28"));
    EXPECT_NE(std::string::npos, error({300, 28}, "4").find("these are 300 x 28"));
    EXPECT_NE(std::string::npos, error({8, 8}, "4,4,4,4").find("halved 3 times at most"));
    EXPECT_NE(std::string::npos, error({8, 8}, "4,0").find("model.stages"));
    EXPECT_EQ("", error({8, 8}, "4,4,4"));
  }
  EXPECT_EQ("32,64", usual_stages(28, 28));
  EXPECT_EQ("32,32,64,64", usual_stages(64, 64));
  EXPECT_EQ("64", usual_stages(8, 200));
}

TEST(ImageNets, RefuseANormOfSingleValues) {
  EXPECT_NE(std::string::npos, net_error("conv", {8, 8}, "4,1", "layer").find("1 channel"));
  EXPECT_NE(std::string::npos, net_error("resnet", {8, 8}, "4,4,1", "group").find("1 x 1 pixels"));
  EXPECT_EQ("", net_error("resnet", {8, 8}, "4,4,2", "group"));
  EXPECT_EQ("", net_error("resnet", {8, 8}, "4,1", "group"));  // over its 2 x 2 pixels
}

TEST(ImageNets, CountTheirWeightsBeforeTheyAreBuilt) {
  for (const char* net : kImageNets) {
    const OwnOptions own = {{{"model.stages", "3,5"}, {"model.blocks", "2"}}};
    const NetFront front = all_nets().find(net).front({9, 13, 2}, own);
    GraphBuilder g;
    all_nets().find(net).encoder({g}, {.scope = "e", .item = {9, 13, 2}, .code = 1}, own);
    uint64_t weights = 0;
    for (const Value p : g.parameters()) {
      if (g.shape(p).size() == 4) weights += static_cast<uint64_t>(value_count(g.shape(p)));
    }
    EXPECT_EQ(weights, front.weights.value()) << net;
    EXPECT_EQ(3 * 4 * 5, front.values) << net;
  }
}

TEST(ConvNet, HasItsNormsBetweenConvolutions) {
  const NetPair pair("conv", {8, 8}, {{"model.stages", "4,8"}, {"model.norm", "group"}});
  const std::vector<std::string> expected = {"encoder/0/weight(4, 4, 1, 4)", "encoder/0/bias(4)",
                                             "encoder/1/scale(4)",           "encoder/1/shift(4)",
                                             "encoder/2/weight(4, 4, 4, 8)", "encoder/2/bias(8)",
                                             "encoder/3/scale(8)",           "encoder/3/shift(8)"};
  const std::vector<std::string> names = pair.parameters();
  EXPECT_EQ(expected, std::vector<std::string>(names.begin(), names.begin() + 8));
}

TEST(Resnet, NamesTheLayersOfABlockWithinIt) {
  const NetPair pair("resnet", {8, 8}, {{"model.stages", "4"}, {"model.blocks", "2"}});
  const std::vector<std::string> names = pair.parameters();
  const auto has = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const char* name :
       {"encoder/0/weight(4, 4, 1, 4)", "encoder/1/0/scale(4)", "encoder/1/1/weight(3, 3, 4, 4)",
        "encoder/1/2/shift(4)", "encoder/1/3/bias(4)", "encoder/2/3/weight(3, 3, 4, 4)",
        "encoder/3/scale(4)", "encoder/4/weight(64, 6)", "decoder/1/weight(6, 64)",
        "decoder/2/1/weight(3, 3, 4, 4)", "decoder/4/scale(4)", "decoder/5/weight(4, 4, 1, 4)"}) {
    EXPECT_TRUE(has(name)) << name << " is not among " << join(names, " ");
  }
}

/// At first a block adds nothing: its last weights are 0.
TEST(Resnet, BeginsAsTheNetworkWithoutItsBlocks) {
  std::vector<double> codes[2];
  for (const char* blocks : {"1", "3"}) {
    NetPair pair("resnet", {9, 8}, {{"model.stages", "4"}, {"model.blocks", blocks}});
    const Graph graph = std::move(pair.g).finish();
    ReferenceRun run(graph, 1);
    for (const auto& [name, tensor] : initialize(graph, 1)) {
      const auto values = tensor.values<float>();
      std::vector<double> given(values.begin(), values.end());
      // The names of what follows the blocks count them.
      if (name.starts_with("encoder/") && given.size() >= 6 && name.ends_with("weight") &&
          name.find('/', 8) != name.rfind('/')) {
        run.set(name, given);
        continue;
      }
      for (size_t i = 0; i < given.size() && name.ends_with("weight"); ++i) {
        given[i] = std::sin(static_cast<double>(i));
      }
      run.set(name, given);
    }
    std::vector<double> x(72);
    for (size_t i = 0; i < x.size(); ++i) x[i] = std::cos(static_cast<double>(i));
    run.set("x", x);
    run.set("z", std::vector<double>(5, 0.5));
    run.run();
    codes[blocks[0] == '3'] = run.output("code").data;
  }
  ASSERT_EQ(5u, codes[0].size());
  EXPECT_NE(0, codes[0][0]);
  EXPECT_EQ(codes[0], codes[1]);
}

/// One block by hand: x + W2 relu(W1 relu(x)) with kernels that only see their own pixel.
TEST(Residual, AddsWhatItsLayersMakeOfAValue) {
  GraphBuilder g;
  Network network("n");
  network.add_residual({g}, [&](Network& block) {
    block.add_norm({g}, "none", 2, "relu");
    block.add_conv({g}, {.size = 1, .stride = 1, .in = 2, .out = 2}, {});
  });
  network.add_norm({g}, "layer", 2, "");
  EXPECT_EQ(4u, network.parameters().size());
  const Value sum = network({g}, g.input("x", {1, 2, 2}));
  g.output("y", sum);
  const Graph graph = std::move(g).finish();
  // (1, -1) + (1, 0) W = (1, -1) + (2, 3) = (3, 2); (-2, 4) + (0, 4) W = (-2, 4) + (4, -4).
  const std::vector<double> y = run_reference(graph, 1,
                                              {{"x", {1, -1, -2, 4}},
                                               {"n/0/0/weight", {2, 3, 1, -1}},
                                               {"n/0/0/bias", {0, 0}},
                                               {"n/1/scale", {10, 20}},
                                               {"n/1/shift", {0.5, 0}}})
                                    .output("y")
                                    .data;
  // Two values have 1 and -1 as their normalized ones, but for epsilon.
  const std::vector<double> expected = {10.5, -20, 10.5, -20};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(expected[i], y[i], 1e-3);
}

}  // namespace
}  // namespace isthmus
