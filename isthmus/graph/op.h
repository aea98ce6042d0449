// SPDX-License-Identifier: Apache-2.0
// What an operation is: a name, a type rule, a gradient rule, an obvious double-precision reference
// and test cases. One file per operation in ops/, listed once in CMakeLists.txt.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

/// kRowWise: a row of the output reads only the same row (and kOnce inputs). kBatchSum: additive
/// over rows. kBatchWise: one output per row that reads all valid rows of the batch, so that a step
/// stops for it. kOnce-only operations are kRowWise.
enum class RowUse : uint8_t { kRowWise, kBatchSum, kBatchWise };

/// Where the values of a result lie. kComputes: they are new. kSameMemory: they are those of the
/// input in their order, seen with another shape or extent. kRepeats: as kSameMemory, but a value
/// may stand for several. kWindow: some lines of the input along attribute "axis", from "begin" on.
enum class Layout : uint8_t { kComputes, kSameMemory, kRepeats, kWindow };

/// What a result has fewer values than its input by: the axis that attribute "axis" names (the last
/// one by default), the last axis, or all axes of a row.
enum class Reduces : uint8_t { kNothing, kNamedAxis, kLastAxis, kAllAxes };

/// A value in double precision: `rows` x row shape (rows is 1 for kOnce).
struct RefArray {
  ValueType type;
  int64_t rows = 1;
  std::vector<double> data;
  int64_t row_size() const { return value_count(type.shape); }
  const double* row(int64_t r) const {
    return data.data() + (type.extent == Extent::kOnce ? 0 : r * row_size());
  }
  double* row(int64_t r) {
    return data.data() + (type.extent == Extent::kOnce ? 0 : r * row_size());
  }
};

struct RefCall {
  const Attrs& attrs;
  std::span<const RefArray* const> in;
  int64_t rows;   // rows of the batch
  RefArray& out;  // typed and zeroed
};

/// A node seen by its rules.
struct OpCall {
  const Attrs& attrs;
  const Values& inputs;
  Value out;
  Value in(size_t i) const { return inputs[i]; }
};

/// Inputs of one conformance case; values are drawn from [low, high] by a fixed key unless given.
struct OpCase {
  Attrs attrs = {};
  std::vector<ValueType> inputs = {};
  double low = -2, high = 2;
  std::vector<double> values = {};  // of the first input, if given
  bool check_gradient = true;       // false at kinks and where the gradient is not the derivative
  bool check_second = true;         // false where the gradient has no gradient of its own
  int index_input = -1;             // this input holds whole numbers from 0 to index_size - 1
  int64_t index_size = 0;
};

using InferRule = std::function<ValueType(const Attrs&, const std::vector<ValueType>&)>;
using GradientRule = std::function<Values(GraphBuilder&, const OpCall&, Value dy)>;
using ExpandRule = std::function<Value(GraphBuilder&, const OpCall&)>;
using ReferenceRule = std::function<void(const RefCall&)>;

struct OpDef {
  std::string_view name = {};
  int num_inputs = 1;                                 // -1: one or more
  std::vector<std::string> attributes = {};           // required; a name in neither list, and a
  std::vector<std::string> optional_attributes = {};  // missing one, is an InternalError
  InferRule infer = {};
  RowUse rows = RowUse::kRowWise;
  bool elementwise = false;  // one output element per broadcast input element
  Layout layout = Layout::kComputes;
  Reduces reduces = Reduces::kNothing;
  /// One gradient per input; an invalid Value means "no gradient" (zero). Empty rule: none at all.
  GradientRule gradient = {};
  /// Composite: replaced by what this appends at once, when it is called. No gradient, no kernel.
  ExpandRule expand = {};
  ReferenceRule reference = {};
  /// The same result from simpler operations, down to those that have no definition: for devices
  /// without a kernel, and for formats with fewer operations. Empty: one of the latter.
  ExpandRule definition = {};
  std::vector<OpCase> cases = {};
};

/// All operations in the order of the list; unknown names are an InternalError.
const std::vector<OpDef>& all_ops();
const OpDef& find_op(std::string_view name);

// Words for type rules and references (op_rules.cc).
/// Right-aligned broadcasting of the row shapes; per-row if any input is; Error E2203 otherwise.
ValueType broadcast_types(const Attrs& attrs, const std::vector<ValueType>& in);
ValueType same_type_as_input(const Attrs& attrs, const std::vector<ValueType>& in);
/// Reference of an elementwise operation with broadcasting.
ReferenceRule elementwise(std::function<double(double)> f);
ReferenceRule elementwise(std::function<double(double, double)> f);
ReferenceRule elementwise(std::function<double(double, double, double)> f);
/// As above with attributes.
ReferenceRule elementwise_with(std::function<double(const Attrs&, double)> f);
ValueType per_row(Shape shape);  // float32
ValueType once(Shape shape);     // float32
ValueType scalar_type();         // float64 ()
/// float64 if all inputs are and the result is a kOnce scalar; float32 otherwise.
ValueType result_type(const std::vector<ValueType>& in, Shape shape, Extent extent);
/// The type without rows of a per-row input; Error E2203 for other inputs.
ValueType once_type_of_rows(const Attrs& attrs, const std::vector<ValueType>& in);
/// Right-aligned broadcasting; Error E2203 if the sizes do not fit.
Shape broadcast_shapes(const Shape& a, const Shape& b);
/// Error E2203 unless all sizes are positive.
void require_sizes(const Shape& shape);
/// Throws Error E2203; the builder puts file, scope and operation in front.
[[noreturn]] void shape_error(std::string message, std::string hint);
/// "(B, 784)", "(512, 256)"
std::string shape_text(const ValueType& type);
/// The attribute "axis" (counted from the end, default -1) as an index into the row shape.
size_t axis_of(const Attrs& attrs, const ValueType& type);

/// A row shape seen as (outer, size, inner) around one axis.
struct AxisView {
  int64_t outer = 1, size = 1, inner = 1;
  int64_t at(int64_t i, int64_t k, int64_t j) const { return (i * size + k) * inner + j; }
};
AxisView view_axis(const Shape& shape, size_t axis);
void for_each(const AxisView& view, const std::function<void(int64_t, int64_t, int64_t)>& f);
/// An index kept as a float; ISTHMUS_CHECK that it is a whole number in [0, size).
int64_t index_value(double value, int64_t size);

// Words for cases (op_cases.cc): forms with and without rows, broadcasting, sizes of 1, a K axis.
std::vector<OpCase> unary_cases(double low, double high, std::vector<double> extremes = {});
std::vector<OpCase> binary_cases(double low, double high);
std::vector<OpCase> comparison_cases();
std::vector<OpCase> axis_cases();  // attributes axis and keep
std::vector<OpCase> last_axis_cases();
std::vector<OpCase> item_cases();
std::vector<OpCase> batch_cases();
/// Attributes kernel, scales and exclude_self.
std::vector<OpCase> pair_kernel_cases(const std::vector<ValueType>& inputs);
std::vector<OpCase> with_attributes(const Attrs& attrs, std::vector<OpCase> cases);
std::vector<OpCase> without_gradient(std::vector<OpCase> cases);
std::vector<OpCase> once_differentiable(std::vector<OpCase> cases);

/// One function per operation, ops/<name>.cc.
namespace ops {
#define ISTHMUS_ENTRY(name) OpDef name();
#include "isthmus/builtin_ops.inc"
#undef ISTHMUS_ENTRY
}  // namespace ops

/// Runs a graph in double precision, row by row, slowly and obviously: the independent truth of the
/// tests and the device for small float64 scalars.
class ReferenceRun {
 public:
  ReferenceRun(const Graph& graph, int64_t rows);
  /// Values of leaves by name: inputs (rows x shape), parameters, states, scalars, noise streams.
  void set(std::string_view leaf, std::vector<double> values);
  void run();
  const RefArray& value(uint32_t node) const;
  const RefArray& output(std::string_view name) const;
  /// After run(): values that assignments give to a state or parameter.
  const RefArray& assigned(std::string_view state) const;

 private:
  void prepare_leaf(uint32_t index);
  void compute(uint32_t index);
  const Graph& graph_;
  int64_t rows_;
  std::vector<RefArray> values_;
  std::vector<bool> set_;
};

}  // namespace isthmus
