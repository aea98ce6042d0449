// SPDX-License-Identifier: Apache-2.0
// Facts of GraphBuilder, of the graph that it yields and of its text: names, scopes, common
// subexpressions, dead nodes, types, assignments, and the errors that a model's author can cause.
#include <gtest/gtest.h>

#include <limits>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

/// Runs `f`, which must throw an Error of that code; returns its text.
template <class F>
std::string error_of(ErrorCode code, const F& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error " << error_label(code);
  return {};
}

TEST(GraphText, IsStable) {
  GraphBuilder g;
  Value x = g.input("x", {3});
  Value h;
  {
    GraphBuilder::Scope scope(g, "encoder");
    Value w = g.parameter("weight", {3, 2}, {.kind = "glorot_uniform"});
    h = g.leaky_relu({{"slope", 0.01}}, g.matmul(x, w));
    Value count = g.state("count", {}, 0.5);
    g.assign(count, g.add(count, g.batch_sum(g.sum_items(h))));
  }
  // One call per statement: compilers evaluate arguments in different orders.
  Value kl_weight = g.scalar("kl_weight");
  Value beta = g.mul(kl_weight, g.constant(4.0));
  Value mean = g.batch_mean(g.sum_items(g.mul(h, g.normal("z", {2}))));
  g.output("objective", g.mul(beta, mean));
  const Graph graph = std::move(g).finish();
  EXPECT_EQ(print_graph(graph),
            "%0 = input \"x\"  f32 (B, 3)\n"
            "%1 = parameter \"encoder/weight\" glorot_uniform  f32 (3, 2)  encoder\n"
            "%2 = matmul(%0, %1)  f32 (B, 2)  encoder\n"
            "%3 = leaky_relu{slope=0.01}(%2)  f32 (B, 2)  encoder\n"
            "%4 = state \"encoder/count\" 0.5  f32 ()  encoder\n"
            "%5 = sum_items(%3)  f32 (B)  encoder\n"
            "%6 = batch_sum(%5)  f32 ()  encoder\n"
            "%7 = add(%4, %6)  f32 ()  encoder\n"
            "%8 = scalar \"kl_weight\"  f64 ()\n"
            "%9 = constant 4  f64 ()\n"
            "%10 = mul(%8, %9)  f64 ()\n"
            "%11 = normal \"z\"  f32 (B, 2)\n"
            "%12 = mul(%3, %11)  f32 (B, 2)\n"
            "%13 = sum_items(%12)  f32 (B)\n"
            "%14 = batch_sum(%13)  f32 ()\n"
            "%15 = rows  f64 ()\n"
            "%16 = reciprocal(%15)  f64 ()\n"
            "%17 = mul(%14, %16)  f32 ()\n"
            "%18 = mul(%10, %17)  f32 ()\n"
            "assign %4 <- %7\n"
            "output \"objective\" = %18\n");
}

TEST(GraphText, ShowsAttributesOfEveryKind) {
  GraphBuilder g;
  Value x = g.bernoulli_draw({{"stream", "pixels"}}, g.input("x", {4}));
  g.output("y", g.sum({{"axis", -1}}, g.reshape({{"shape", Shape{2, 2}}}, x)));
  g.output("table", g.constant(Tensor(Dtype::kF32, {2})));
  const std::string text = print_graph(std::move(g).finish());
  for (const char* part : {"uniform \"pixels\"", "sum{axis=-1}(", "reshape{shape=(2, 2)}(",
                           "constant of 2 values  f32 (2)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

TEST(GraphBuilder, MakesEqualOperationsAndConstantsOnce) {
  GraphBuilder g;
  Value x = g.input("x", {2}), y = g.input("y", {2});
  EXPECT_EQ(g.add(x, y), g.add(x, y));
  EXPECT_NE(g.add(x, y), g.add(y, x));
  EXPECT_EQ(g.constant(0.5), g.constant(0.5));
  EXPECT_NE(g.constant(0.0), g.constant(-0.0));
  EXPECT_EQ(g.constant(Tensor(Dtype::kF32, {2})), g.constant(Tensor(Dtype::kF32, {2})));
  EXPECT_NE(g.constant(Tensor(Dtype::kF32, {2})), g.constant(Tensor(Dtype::kF32, {2, 1})));
  EXPECT_NE(g.slice({{"begin", 0}, {"end", 1}}, x), g.slice({{"begin", 1}, {"end", 2}}, x));
  EXPECT_EQ(g.scalar("lr"), g.scalar("lr"));
  EXPECT_EQ(g.rows(), g.rows());
  EXPECT_EQ(g.batch_mean(x), g.batch_mean(x));
  EXPECT_NE(g.normal("a", {2}), g.normal("b", {2}));
}

TEST(GraphBuilder, DropsDeadNodes) {
  GraphBuilder g;
  Value x = g.input("x", {2});
  g.parameter("unused", {2}, {});
  g.exp(g.input("unused", {3}));
  g.output("y", g.square(x));
  const Graph graph = std::move(g).finish();
  EXPECT_EQ(graph.nodes().size(), 2u);
  EXPECT_EQ(graph.output("y"), 1u);
  EXPECT_TRUE(graph.has_output("y"));
  EXPECT_FALSE(graph.has_output("x"));
  EXPECT_THROW(graph.output("x"), InternalError);
}

TEST(GraphBuilder, PutsScopesInFrontOfParametersStatesAndStreams) {
  GraphBuilder g;
  Values made;
  {
    GraphBuilder::Scope encoder(g, "encoder");
    GraphBuilder::Scope first(g, "0");
    made = {g.parameter("weight", {2, 3}, {}), g.state("mean", {3}, 1.0), g.input("x", {2}),
            g.scalar("lr"), g.normal("z", {2})};
  }
  made.push_back(g.parameter("weight", {2}, {}));
  made.push_back(g.state_like(made[0], "opt/m"));
  const std::vector<std::string> names = {
      "encoder/0/weight", "encoder/0/mean",        "x", "lr", "encoder/0/z",
      "weight",           "opt/m/encoder/0/weight"};
  for (size_t i = 0; i < made.size(); ++i) EXPECT_EQ(g.node(made[i]).name, names[i]);
  EXPECT_EQ(g.node(made[0]).scope, "encoder/0");
  EXPECT_EQ(g.node(made[5]).scope, "");
  EXPECT_EQ(g.type(made[6]), once({2, 3}));
  EXPECT_EQ(g.parameters(), (Values{made[0], made[5]}));
}

TEST(GraphBuilder, KeepsReferencesToTypesWhileNodesAreAppended) {
  GraphBuilder g;
  const Shape& shape = g.shape(g.input("x", {7}));
  for (int i = 0; i < 1000; ++i) g.constant(static_cast<double>(i));
  EXPECT_EQ(shape, Shape{7});
}

TEST(GraphBuilder, ScalarsStayDoubleUntilTheyMeetRows) {
  GraphBuilder g;
  Value lr = g.scalar("lr"), x = g.input("x", {2}), w = g.parameter("w", {}, {});
  EXPECT_EQ(g.type(g.pow(lr, g.constant(2.0))), scalar_type());
  EXPECT_EQ(g.type(g.mul(lr, g.reciprocal(g.rows()))), scalar_type());
  EXPECT_EQ(g.type(g.mul(lr, w)), once({}));
  EXPECT_EQ(g.type(g.mul(lr, x)), per_row({2}));
  EXPECT_EQ(g.type(g.to_rows(lr)), per_row({}));
  EXPECT_EQ(g.type(g.broadcast({{"shape", Shape{2}}}, lr)), once({2}));
  EXPECT_EQ(type_text(g.type(lr)), "f64 ()");
  EXPECT_EQ(type_text(g.type(x)), "f32 (B, 2)");
  EXPECT_EQ(type_text(g.type(g.sum_items(x))), "f32 (B)");
}

TEST(GraphBuilder, RefusesNamesThatAreTaken) {
  GraphBuilder g;
  Value w = g.parameter("w", {2}, {});
  g.input("x", {2});
  g.normal("z", {2});
  g.output("loss", w);
  const auto taken = [](const auto& f) { return error_of(ErrorCode::kGraphName, f); };
  EXPECT_NE(taken([&] { g.parameter("w", {3}, {}); }).find("'w' exists already"),
            std::string::npos);
  taken([&] { g.state("w", {2}, 0); });
  taken([&] { g.input("x", {2}); });
  taken([&] { g.normal("z", {2}); });
  taken([&] { g.uniform("z", {2}); });
  taken([&] { g.output("loss", w); });
  taken([&] { g.input("", {2}); });
  g.assign(w, g.neg(w));
  taken([&] { g.assign(w, g.exp(w)); });
  g.scalar("x");  // another kind
}

TEST(GraphBuilder, RefusesValuesOfAnotherGraph) {
  GraphBuilder g, other;
  Value x = g.input("x", {2}), y = other.input("y", {2});
  error_of(ErrorCode::kGraphValue, [&] { g.add(x, y); });
  error_of(ErrorCode::kGraphValue, [&] { g.type(y); });
  error_of(ErrorCode::kGraphValue, [&] { g.output("y", y); });
  error_of(ErrorCode::kGraphValue, [&] { g.neg(Value{}); });
  error_of(ErrorCode::kGraphValue, [&] { differentiate(g, g.constant(1.0), {y}); });
  g.output("x", x);
  std::move(g).finish();
  error_of(ErrorCode::kGraphValue, [&] { g.type(x); });
}

TEST(GraphBuilder, NamesFileScopeAndShapesInErrors) {
  GraphBuilder g;
  g.set_source("models/vae.cc");
  Value x = g.input("x", {784});
  GraphBuilder::Scope encoder(g, "encoder");
  GraphBuilder::Scope layer(g, "1");
  Value w = g.parameter("weight", {512, 256}, {});
  EXPECT_EQ(error_of(ErrorCode::kShapeMismatch, [&] { g.matmul(x, w); }),
            "error[E2203]: models/vae.cc, encoder/1: matmul: inner sizes differ: x is (B, 784), "
            "weight is (512, 256)\n  hint: the last size of x must equal the first of weight");
}

TEST(GraphBuilder, RefusesTypesThatDoNotFit) {
  GraphBuilder g;
  Value a = g.input("a", {4}), b = g.input("b", {5, 3}), c = g.input("c", {});
  Value w = g.parameter("w", {4, 3}, {}), cube = g.parameter("cube", {2, 4, 3}, {});
  const auto refused = [](const auto& f) { error_of(ErrorCode::kShapeMismatch, f); };
  refused([&] { g.add(a, b); });
  refused([&] { g.select(a, b, b); });
  refused([&] { g.sum({{"axis", -2}}, a); });
  refused([&] { g.sum({{"axis", 0}}, a); });
  refused([&] { g.sum(c); });
  refused([&] { g.mean({{"axis", -3}}, b); });
  refused([&] { g.logsumexp(c); });
  refused([&] { g.softmax(c); });
  refused([&] { g.concat({{"axis", -1}}, a, b); });
  refused([&] { g.concat({{"axis", -1}}, b, g.transpose(b)); });
  refused([&] { g.slice({{"begin", 2}, {"end", 2}}, a); });
  refused([&] { g.slice({{"begin", 2}, {"end", 5}}, a); });
  refused([&] { g.slice({{"begin", -1}, {"end", 2}}, a); });
  refused([&] { g.pad({{"before", -1}, {"after", 2}}, a); });
  refused([&] { g.reshape({{"shape", Shape{5}}}, a); });
  refused([&] { g.reshape({{"shape", Shape{-2, -2}}}, a); });
  refused([&] { g.broadcast({{"shape", Shape{3}}}, a); });
  refused([&] { g.broadcast({{"shape", Shape{1}}}, b); });
  refused([&] { g.transpose(a); });
  refused([&] { g.to_rows(a); });
  refused([&] { g.batch_sum(w); });
  refused([&] { g.batch_mean(w); });
  refused([&] { g.batch_variance(w); });
  refused([&] { g.gather(a, c); });
  refused([&] { g.gather(w, w); });
  refused([&] { g.scatter_sum({{"size", 3}}, c, b); });
  refused([&] { g.scatter_sum({{"size", 0}}, c, a); });
  refused([&] { g.outer_sum(a, b); });
  refused([&] { g.outer_sum(a, w); });
  refused([&] { g.matmul(b, w); });
  refused([&] { g.matmul({{"transpose_a", 1}}, a, w); });
  refused([&] { g.matmul(a, cube); });
  refused([&] { g.matmul(w, w); });
  refused([&] { g.matmul(cube, cube); });
  refused([&] { g.matmul(b, b); });
  refused([&] { g.matmul(w, b); });
  refused([&] { g.input("empty", {0}); });
  refused([&] { g.assign(w, cube); });
}

TEST(GraphBuilder, RefusesShapesWhoseSizeOverflows) {
  GraphBuilder g;
  const int64_t most = std::numeric_limits<int64_t>::max();
  error_of(ErrorCode::kOverLimit, [&] { g.input("x", {most, most}); });
}

TEST(GraphBuilder, TreatsWrongCallsAsBugs) {
  GraphBuilder g;
  Value x = g.input("x", {2});
  EXPECT_THROW(g.call("no_such_operation", {}, {x}), InternalError);
  EXPECT_THROW(g.add(x), InternalError);
  EXPECT_THROW(g.sum({{"axes", -1}}, x), InternalError);
  EXPECT_THROW(g.leaky_relu(x), InternalError);
  EXPECT_THROW(g.assign(x, x), InternalError);
}

TEST(Graph, ListsParametersInOrderOfCreation) {
  GraphBuilder g;
  Value first = g.parameter("z", {2, 3}, {}), second = g.parameter("a", {3}, {});
  g.output("out", g.add(second, first));
  const Graph graph = std::move(g).finish();
  EXPECT_EQ(graph.parameters(), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(graph.nodes()[0].name, "z");
  EXPECT_EQ(graph.num_parameter_values(), 9);
}

TEST(ReferenceRun, StartsStatesAndGivesWhatIsAssigned) {
  GraphBuilder g;
  Value count = g.state("count", {2}, 3.0);
  g.assign(count, g.add(count, g.batch_sum(g.input("x", {2}))));
  const Graph graph = std::move(g).finish();
  ReferenceRun run(graph, 2);
  EXPECT_THROW(run.run(), InternalError);  // x has no values
  EXPECT_THROW(run.set("x", {1, 2}), InternalError);
  EXPECT_THROW(run.set("y", {1}), InternalError);
  run.set("x", {1, 2, 3, 4});
  run.run();
  EXPECT_EQ(run.assigned("count").data, (std::vector<double>{7, 9}));
  EXPECT_THROW(run.assigned("x"), InternalError);
}

}  // namespace
}  // namespace isthmus
