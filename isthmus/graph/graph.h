// SPDX-License-Identifier: Apache-2.0
// What to compute: a static graph with an implicit batch axis. It describes, it never runs.
//
// A node is one value. Its type is dtype, shape of ONE ROW and extent: kPerRow values have a
// leading batch axis that is never written down, kOnce values (parameters, scalars) have not. The
// number of rows, the device, the precision, threads and seeds never appear in a graph; what
// changes per step (learning rate, kl weight, step number, number of rows) is a scalar leaf.
//
//   GraphBuilder g;
//   Value x = g.input("x", {784});                                  // per row
//   Value w = g.parameter("w", {784, 20}, {.kind = "glorot_uniform"});
//   Value loss = g.batch_mean(g.sum_items(g.square(g.matmul(x, w))));
//   Value dw = differentiate(g, loss, {w})[0];
//   g.output("objective", loss);
//   Graph graph = std::move(g).finish();
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "isthmus/tensor/tensor.h"

namespace isthmus {

enum class Extent : uint8_t { kOnce, kPerRow };

/// float32, or float64 for scalars (kOnce, shape ()) made of scalar leaves and constants only: an
/// operation of float64 scalars with float32 values rounds the scalar to float32.
struct ValueType {
  Dtype dtype = Dtype::kF32;
  Shape shape = {};
  Extent extent = Extent::kOnce;
  bool operator==(const ValueType&) const = default;
};
/// "f32 (B, 20)", "f64 ()"
std::string type_text(const ValueType& type);

/// Index of a node together with the id of its builder: used with another builder it is an error.
struct Value {
  uint32_t index = UINT32_MAX;
  uint32_t graph_id = 0;
  bool valid() const { return index != UINT32_MAX; }
  bool operator==(const Value&) const = default;
};
using Values = std::vector<Value>;

using AttrValue =
    std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;
/// Copied by assignment: when memory runs out while such a variant is copied, libstdc++ 12 destroys
/// what it has not made yet.
struct Attr : AttrValue {
  using AttrValue::AttrValue;
  Attr(const Attr& other) : AttrValue() { AttrValue::operator=(other); }
  Attr(Attr&&) noexcept = default;
  Attr& operator=(const Attr&) = default;
  Attr& operator=(Attr&&) noexcept = default;
};
/// Sorted by name; missing keys are an error unless a default is given.
class Attrs {
 public:
  Attrs() = default;
  Attrs(std::initializer_list<std::pair<const std::string, Attr>> values) : values_(values) {}
  int64_t integer(const std::string& name) const;
  int64_t integer(const std::string& name, int64_t default_value) const;
  double number(const std::string& name) const;
  const std::string& text(const std::string& name) const;
  const std::vector<int64_t>& list(const std::string& name) const;
  const std::vector<double>& numbers(const std::string& name) const;
  bool has(const std::string& name) const { return values_.count(name) != 0; }
  /// These, and one more.
  Attrs with(const std::string& name, Attr value) const;
  const std::map<std::string, Attr>& all() const { return values_; }
  bool operator==(const Attrs&) const = default;

 private:
  std::map<std::string, Attr> values_;
};

/// How a parameter starts. kinds: zeros, constant (value), values (one each), glorot_uniform,
/// glorot_normal, he_uniform, he_normal, lecun_normal, normal (value = standard deviation). Fans
/// are those of a (I, O) weight: fan_in = I, fan_out = O.
struct Initializer {
  std::string kind = "zeros";
  double value = 0;
  std::vector<float> values = {};
  /// The last `tail` outputs of an (I, O) weight are multiplied by `tail_scale`: two heads in one
  /// weight that start differently.
  int64_t tail = 0;
  double tail_scale = 1;
};

struct OpDef;  // op.h

/// kScalar leaves are float64 (); kRows is the number of valid rows of the step, as a scalar.
/// kNormal and kUniform are noise: a function of (seed, stream, item, epoch, draw) alone.
enum class NodeKind : uint8_t {
  kInput,
  kParameter,
  kState,
  kScalar,
  kRows,
  kConstant,
  kNormal,
  kUniform,
  kOp
};

struct Node {
  NodeKind kind = NodeKind::kOp;
  const OpDef* op = nullptr;          // kOp only
  std::string name = {};              // leaves: their name, or the noise stream
  std::string scope = {};             // "encoder/0": where in the model it was made
  std::vector<uint32_t> inputs = {};  // indices of earlier nodes
  Attrs attrs = {};
  ValueType type = {};
  Initializer initializer = {};  // kParameter, kState (constant)
  bool trained = true;           // kParameter
  Tensor constant = {};          // kConstant: float64 () or float32 of the type's shape
};

/// `state` (a kParameter or kState node) takes `value` when the step ends.
struct Assignment {
  uint32_t state = 0;
  uint32_t value = 0;
};

/// Immutable and verified. Nodes are in topological order; every node is needed by an output or
/// an assignment.
class Graph {
 public:
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<std::pair<std::string, uint32_t>>& outputs() const { return outputs_; }
  const std::vector<Assignment>& assignments() const { return assignments_; }
  uint32_t output(std::string_view name) const;  // ISTHMUS_CHECK that it exists
  bool has_output(std::string_view name) const;
  /// Indices of the parameters (kParameter) in order of creation.
  std::vector<uint32_t> parameters() const;
  int64_t num_parameter_values() const;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  std::vector<std::pair<std::string, uint32_t>> outputs_;
  std::vector<Assignment> assignments_;
};

/// One line per node: "%12 = softplus(%11)  f32 (B, 784)  decoder/1".
std::string print_graph(const Graph& graph);
/// Types re-derived; order, names, streams, extents and assignments checked. InternalError if
/// broken.
void verify(const Graph& graph);

class GraphBuilder {
 public:
  GraphBuilder();
  GraphBuilder(const GraphBuilder&) = delete;
  GraphBuilder& operator=(const GraphBuilder&) = delete;

  // Leaves. Names are unique per kind, and get the scope as prefix ("encoder/0/weight"), except
  // inputs and scalars.
  Value input(std::string_view name, Shape shape);
  /// `trained` false: stored with the others, but no objective moves it (codebooks, fitted means).
  Value parameter(std::string_view name, Shape shape, Initializer initializer, bool trained = true);
  /// State that starts at `initial`; `state_like(p, "opt/m")` is named "opt/m/<name of p>".
  Value state(std::string_view name, Shape shape, double initial);
  Value state_like(Value parameter, std::string_view prefix);
  Value scalar(std::string_view name);   // made once per name; the same Value on later calls
  Value rows();                          // number of valid rows of this step, float64 ()
  Value constant(double value);          // float64 ()
  Value constant(const Tensor& values);  // kOnce float32
  Value normal(std::string_view stream, Shape shape);   // per row; one node per stream
  Value uniform(std::string_view stream, Shape shape);  // per row, in (0, 1)
  /// `stream`, or with a number behind it where the scope has such a stream already.
  std::string fresh_stream(std::string_view stream) const;

  /// Appends an operation; Error E2203 with scope, operation and shapes if the types do not fit.
  /// Equal operations on equal inputs return the node that exists (common subexpressions).
  Value call(const OpDef& op, const Attrs& attrs, const Values& inputs);
  Value call(std::string_view op, const Attrs& attrs, const Values& inputs);

// Every operation as a member: g.softplus(x), g.slice({{"axis", -1}, {"begin", 0}, {"end", 20}},
// x).
#define ISTHMUS_ENTRY(name)                   \
  template <class... V>                       \
  Value name(V... in) {                       \
    return call(#name, {}, Values{in...});    \
  }                                           \
  template <class... V>                       \
  Value name(const Attrs& attrs, V... in) {   \
    return call(#name, attrs, Values{in...}); \
  }
#include "isthmus/builtin_ops.inc"
#undef ISTHMUS_ENTRY

  void assign(Value state, Value value);
  void output(std::string_view name, Value value);

  const ValueType& type(Value v) const;
  const Shape& shape(Value v) const { return type(v).shape; }
  const Node& node(Value v) const;
  size_t num_nodes() const { return nodes_.size(); }
  Value value(uint32_t index) const { return {index, graph_id_}; }
  /// Existing parameters in order of creation.
  Values parameters() const;

  /// Names of parameters and states made while the guard lives get "name/" in front.
  class Scope {
   public:
    Scope(GraphBuilder& g, std::string_view name);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    GraphBuilder& g_;
    size_t length_;
  };
  /// The file named in errors: "models/vae.cc".
  void set_source(std::string_view file) { source_ = file; }

  /// Drops dead nodes, verifies, and yields the graph. Leaves the builder empty.
  Graph finish() &&;

 private:
  [[noreturn]] void fail(ErrorCode code, std::string message, std::string hint) const;
  Value append(Node node);
  Value append_leaf(Node node, std::string_view key);  // Error E2204 if the key is taken
  Value append_once(Node node);                        // an equal node if there is one
  std::string scoped(std::string_view name) const;
  uint32_t graph_id_;
  std::string scope_;
  std::string source_;
  std::deque<Node> nodes_;  // a deque: type() and shape() stay valid while nodes are appended
  std::vector<std::pair<std::string, uint32_t>> outputs_;
  std::vector<Assignment> assignments_;
  std::map<std::string, uint32_t> named_;      // kind and name -> node
  std::multimap<uint64_t, uint32_t> by_hash_;  // common subexpressions
};

/// Gradients of a scalar (kOnce, shape ()) with respect to values, as ordinary nodes of the same
/// builder: they can be differentiated again. A value on which the objective does not depend gets
/// zeros. With respect to a per-row value the result is per row: d objective / d (that row).
Values differentiate(GraphBuilder& g, Value objective, const Values& with_respect_to);

/// Undoes broadcasting: sums `gradient` to `type` (over rows, too, when `type` is kOnce).
Value sum_to(GraphBuilder& g, Value gradient, const ValueType& type);

}  // namespace isthmus
