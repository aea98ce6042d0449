// SPDX-License-Identifier: Apache-2.0
// Operations in shapes that nobody wrote down: every operation at ranks 0 to 3, each input with and
// without rows in turn, read where it is stored and behind a computation, for batches of one row,
// of a part of a block, of whole blocks, and of more than one panel. Which shapes an operation
// takes is asked of its own type rule; values and first gradients are those of the reference, with
// the same bits for one thread and three.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "isthmus/cpu/cpu_device.h"
#include "isthmus/testing/case_on_device.h"

namespace isthmus {
namespace {

constexpr size_t kMostInputs = 3;    // of an operation that takes any number
constexpr size_t kCasesPerForm = 2;  // of equal attributes, ranks and extents
constexpr size_t kManyCases = 48;
constexpr size_t kFewestCases = 2;  // that an operation must be left with

/// All choices of one of `sizes[k]` things for each k, the first one slowest.
std::vector<std::vector<size_t>> choices(const std::vector<size_t>& sizes) {
  std::vector<std::vector<size_t>> all = {{}};
  for (size_t size : sizes) {
    std::vector<std::vector<size_t>> longer;
    for (const auto& one : all) {
      for (size_t k = 0; k < size; ++k) {
        longer.push_back(one);
        longer.back().push_back(k);
      }
    }
    all = std::move(longer);
  }
  return all;
}

/// Shapes to try: a few of each rank, and those of the operation's own cases, which its attributes
/// are made for.
std::vector<Shape> shapes_to_try(const OpDef& op, size_t num_inputs) {
  std::vector<Shape> shapes = {{}, {5}, {3, 5}, {2, 3, 5}};
  if (num_inputs <= 2) shapes.insert(shapes.end(), {{1}, {17}, {5, 3}, {1, 4}, {2, 1, 4}});
  for (const OpCase& c : op.cases) {
    for (const ValueType& type : c.inputs) {
      const bool known = std::find(shapes.begin(), shapes.end(), type.shape) != shapes.end();
      if (!known && shapes.size() < (num_inputs <= 2 ? 14u : 8u)) shapes.push_back(type.shape);
    }
  }
  return shapes;
}

Attrs with_axis(const Attrs& attrs, int64_t axis) {
  std::map<std::string, Attr> all = attrs.all();
  all["axis"] = axis;
  std::vector<std::pair<const std::string, Attr>> list(all.begin(), all.end());
  const auto at = [&](size_t k) { return list[std::min(k, list.size() - 1)]; };
  return {at(0), at(1), at(2), at(3)};  // what is there already is left out
}

/// The attributes of the operation's cases, along every axis, each in a case without inputs.
std::vector<OpCase> attributes_to_try(const OpDef& op) {
  const auto& names = op.optional_attributes;
  const bool has_axis = std::find(names.begin(), names.end(), "axis") != names.end();
  std::vector<OpCase> all;
  for (OpCase c : op.cases) {
    c.inputs.clear();
    c.values.clear();
    const Attrs attrs = c.attrs;
    for (int64_t axis = has_axis ? -3 : 0; axis <= (has_axis ? -1 : 0); ++axis) {
      if (has_axis) c.attrs = with_axis(attrs, axis);
      const bool known = std::any_of(all.begin(), all.end(), [&](const OpCase& other) {
        return other.attrs == c.attrs && other.index_size == c.index_size;
      });
      if (!known) all.push_back(c);
    }
  }
  return all;
}

/// Nothing where the type rule refuses these inputs.
std::optional<ValueType> inferred(const OpDef& op, const OpCase& c) {
  try {
    return op.infer(c.attrs, c.inputs);
  } catch (const Error&) {
  } catch (const InternalError&) {
  }
  return {};
}

/// Indices must lie inside of the table that is read.
bool indices_fit(const OpCase& c) {
  for (size_t k = 0; k < c.inputs.size() && c.index_input >= 0; ++k) {
    const ValueType& type = c.inputs[k];
    const bool table = type.extent == Extent::kOnce && type.shape.size() == 2;
    if (table && c.index_input != static_cast<int>(k) && type.shape[0] < c.index_size) return false;
  }
  return true;
}

std::string form_of(const OpCase& c, size_t attributes) {
  std::string form = std::to_string(attributes);
  for (const ValueType& type : c.inputs) {
    form +=
        (type.extent == Extent::kPerRow ? " row " : " once ") + std::to_string(type.shape.size());
  }
  return form;
}

std::string title_of(const OpDef& op, const OpCase& c) {
  std::string title(op.name);
  for (const ValueType& type : c.inputs) title += " " + type_text(type);
  return title;
}

/// The first and the last of each form: combinations of ranks and extents.
std::vector<OpCase> generated_cases(const OpDef& op) {
  std::map<std::string, std::vector<OpCase>> forms;
  const std::vector<OpCase> attributes = attributes_to_try(op);
  std::vector<size_t> counts = {static_cast<size_t>(op.num_inputs)};
  if (op.num_inputs < 0) counts = {2, kMostInputs};
  for (const size_t count : counts) {
    const std::vector<Shape> shapes = shapes_to_try(op, count);
    std::vector<size_t> sizes(count, 2 * shapes.size());
    for (const auto& choice : choices(sizes)) {
      for (size_t a = 0; a < attributes.size(); ++a) {
        OpCase c = attributes[a];
        for (size_t k : choice)
          c.inputs.push_back(k % 2 == 0 ? per_row(shapes[k / 2]) : once(shapes[k / 2]));
        if (!indices_fit(c) || !inferred(op, c)) continue;
        auto& form = forms[form_of(c, a)];
        if (form.size() >= kCasesPerForm) form.pop_back();
        form.push_back(std::move(c));
      }
    }
  }
  std::vector<OpCase> cases;
  for (const auto& [name, form] : forms) cases.insert(cases.end(), form.begin(), form.end());
  return cases;
}

/// As make_graph_case, or with inputs that are computed in the graph.
GraphCase graph_of(const OpDef& op, const OpCase& c, int64_t rows, bool computed) {
  const CaseOutputs wanted =
      c.check_gradient && op.gradient ? CaseOutputs::kGradients : CaseOutputs::kValue;
  if (!computed) return make_graph_case(op, c, rows, wanted);
  OpDef behind = op;
  behind.infer = op.infer;
  behind.expand = [&op](GraphBuilder& g, const OpCall& call) {
    Values inputs;
    for (Value in : call.inputs) inputs.push_back(g.add(in, g.constant(0.0)));
    return g.call(op, call.attrs, inputs);
  };
  return make_graph_case(behind, c, rows, wanted);
}

/// All numbers of rows; where there are many cases, one each in turn.
std::vector<int64_t> rows_of(size_t k, size_t num_cases) {
  const std::vector<int64_t> all = {1, 31, 64, 513};
  if (num_cases <= kManyCases) return all;
  return {all[(k / 2 + 2 * k) % all.size()]};
}

class Shapes : public testing::TestWithParam<std::string> {};

TEST_P(Shapes, ThatTheTypeRuleTakesEqualTheReference) {
  const OpDef& op = find_op(GetParam());
  const auto one = make_cpu_device(1), three = make_cpu_device(3);
  const std::vector<OpCase> cases = generated_cases(op);
  EXPECT_GE(cases.size(), kFewestCases);
  for (size_t k = 0; k < cases.size(); ++k) {
    for (const int64_t rows : rows_of(k, cases.size())) {
      const GraphCase c = graph_of(op, cases[k], rows, k % 2 == 1);
      const std::string what = title_of(op, cases[k]) + ", " + std::to_string(rows) + " rows, ";
      // The rounding of so many terms adds up as the root of their number.
      expect_equals_the_reference(c, *one, *three, what, std::sqrt(static_cast<double>(rows)));
    }
  }
}

/// Draws have streams of their own and are compared in draws_test.cc.
std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpDef& op : all_ops()) {
    const auto& required = op.attributes;
    if (std::find(required.begin(), required.end(), "stream") != required.end()) continue;
    names.emplace_back(op.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(AllOps, Shapes, testing::ValuesIn(op_names()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace isthmus
