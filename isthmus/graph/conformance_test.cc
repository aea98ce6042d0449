// SPDX-License-Identifier: Apache-2.0
// Every operation against the truth that it states about itself: each case is accepted and finite,
// and gradients of first and second order equal central differences of the double reference. It
// says nothing about devices.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "isthmus/testing/graph_case.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

/// Batch-wise operations need more than one pair.
int64_t rows_for(const OpDef& op) { return op.rows == RowUse::kBatchWise ? 5 : 2; }

std::string case_name(const OpDef& op, size_t index) {
  return std::string(op.name) + ", case " + std::to_string(index);
}

void set_leaves(ReferenceRun& run, const GraphCase& one) {
  for (const CaseLeaf& leaf : one.leaves) run.set(leaf.name, leaf.values);
}

/// d output / d value `i` of a leaf, by central differences.
double central_difference(ReferenceRun& run, const CaseLeaf& leaf, size_t i, const char* output) {
  const double step = 1e-5 * std::fmax(1.0, std::fabs(leaf.values[i]));
  std::vector<double> values = leaf.values;
  values[i] = leaf.values[i] + step;
  run.set(leaf.name, values);
  run.run();
  const double above = run.output(output).data[0];
  values[i] = leaf.values[i] - step;
  run.set(leaf.name, values);
  run.run();
  const double below = run.output(output).data[0];
  run.set(leaf.name, leaf.values);
  return (above - below) / (2 * step);
}

/// Compares outputs `gradient`0, 1, ... with central differences of `objective`.
void check_gradients(const GraphCase& one, const OpCase& c, const char* objective,
                     const std::string& gradient) {
  ReferenceRun run(one.graph, one.rows);
  set_leaves(run, one);
  run.run();
  for (const CaseLeaf& leaf : one.leaves) {
    if (!leaf.name.starts_with("in") || leaf.name == "in" + std::to_string(c.index_input)) continue;
    const std::vector<double> exact = run.output(gradient + leaf.name.substr(2)).data;
    double magnitude = 1;
    for (double v : exact) magnitude = std::fmax(magnitude, std::fabs(v));
    for (size_t i = 0; i < exact.size(); ++i) {
      const double numeric = central_difference(run, leaf, i, objective);
      EXPECT_TRUE(tolerance::within(exact[i], numeric, tolerance::kGradientF64, magnitude))
          << gradient << " of " << leaf.name << "[" << i << "] is " << exact[i] << ", differences "
          << numeric << ", x " << leaf.values[i];
    }
    run.run();
  }
}

template <class F>
void for_each_case(const F& f) {
  for (const OpDef& op : all_ops()) {
    for (size_t i = 0; i < op.cases.size(); ++i) {
      SCOPED_TRACE(case_name(op, i));
      f(op, op.cases[i]);
    }
  }
}

TEST(Conformance, EveryOperationHasCasesAndIsPrimitiveOrComposite) {
  for (const OpDef& op : all_ops()) {
    EXPECT_GE(op.cases.size(), 2u) << op.name;
    EXPECT_TRUE(op.infer) << op.name;
    EXPECT_NE(static_cast<bool>(op.expand), static_cast<bool>(op.reference)) << op.name;
    EXPECT_EQ(&find_op(op.name), &op);
  }
}

TEST(Conformance, EveryCaseIsAcceptedAndFinite) {
  for_each_case([](const OpDef& op, const OpCase& c) {
    const GraphCase one = make_graph_case(op, c, rows_for(op));
    ReferenceRun run(one.graph, one.rows);
    set_leaves(run, one);
    run.run();
    for (double v : run.output("out").data) EXPECT_TRUE(std::isfinite(v));
    EXPECT_EQ(run.output("out").type, op.infer(c.attrs, c.inputs));
  });
}

TEST(Conformance, GradientsEqualCentralDifferences) {
  for_each_case([](const OpDef& op, const OpCase& c) {
    if (!c.check_gradient) return;
    check_gradients(make_graph_case(op, c, rows_for(op), CaseOutputs::kGradients), c, "objective",
                    "gradient");
  });
}

/// The operation as its definition says, in place of its rules.
OpDef by_definition(const OpDef& op) {
  OpDef defined = op;
  defined.expand = op.definition;
  defined.reference = {};
  defined.gradient = {};
  return defined;
}

void expect_near(const std::vector<double>& want, const std::vector<double>& got,
                 const std::string& what) {
  ASSERT_EQ(want.size(), got.size());
  for (size_t i = 0; i < want.size(); ++i) {
    const double scale = std::fmax(1.0, std::fabs(want[i]));
    EXPECT_NEAR(want[i], got[i], 1e-11 * scale) << what << " [" << i << "]";
  }
}

TEST(Conformance, DefinitionsGiveTheSameValues) {
  for_each_case([](const OpDef& op, const OpCase& c) {
    if (!op.definition) return;
    const GraphCase one = make_graph_case(op, c, rows_for(op));
    const GraphCase other = make_graph_case(by_definition(op), c, rows_for(op));
    ReferenceRun want(one.graph, one.rows), got(other.graph, other.rows);
    set_leaves(want, one);
    set_leaves(got, one);
    want.run();
    got.run();
    expect_near(want.output("out").data, got.output("out").data, "value");
  });
}

/// Replaced again and again a definition ends: at operations that have none.
TEST(Conformance, DefinitionsUseSimplerOperations) {
  std::map<std::string, std::set<std::string>> uses;
  for_each_case([&](const OpDef& op, const OpCase& c) {
    if (!op.definition) return;
    const GraphCase one = make_graph_case(by_definition(op), c, rows_for(op));
    for (const Node& n : one.graph.nodes()) {
      if (n.kind == NodeKind::kOp) uses[std::string(op.name)].insert(std::string(n.op->name));
    }
  });
  const std::function<bool(const std::string&, int)> ends = [&](const std::string& op, int depth) {
    const auto at = uses.find(op);
    if (at == uses.end()) return true;
    return depth > 0 && std::all_of(at->second.begin(), at->second.end(),
                                    [&](const auto& used) { return ends(used, depth - 1); });
  };
  for (const auto& [op, used] : uses) EXPECT_TRUE(ends(op, 8)) << op;
  EXPECT_GE(uses.size(), 25u);
}

TEST(Conformance, SecondOrderGradientsEqualCentralDifferences) {
  for_each_case([](const OpDef& op, const OpCase& c) {
    if (!c.check_gradient || !c.check_second) return;
    check_gradients(make_graph_case(op, c, rows_for(op), CaseOutputs::kSecond), c, "objective2",
                    "second");
  });
}

TEST(Conformance, GradientsOfExtremeValuesAreFinite) {
  for_each_case([](const OpDef& op, const OpCase& c) {
    const GraphCase one = make_graph_case(op, c, rows_for(op), CaseOutputs::kSecond);
    ReferenceRun run(one.graph, one.rows);
    set_leaves(run, one);
    run.run();
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      for (const char* name : {"gradient", "second"}) {
        for (double v : run.output(name + std::to_string(i)).data) EXPECT_TRUE(std::isfinite(v));
      }
    }
  });
}

}  // namespace
}  // namespace isthmus
