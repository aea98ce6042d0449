// SPDX-License-Identifier: Apache-2.0
// GraphBuilder: appends leaves and operations, finds equal ones, and yields a verified graph. It
// knows no operation by name; type rules and gradients live in ops/.
#include <algorithm>
#include <atomic>
#include <bit>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

/// The only state that builders share: the next id, so that a value of another builder is noticed.
uint32_t next_graph_id() {
  static std::atomic<uint32_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

Node leaf(NodeKind kind, std::string name, ValueType type) {
  Node node;
  node.kind = kind;
  node.name = std::move(name);
  node.type = std::move(type);
  return node;
}

uint64_t mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * 0x9E3779B97F4A7C15u + (hash >> 29);
}

uint64_t hash_of(const Attr& attr) {
  if (const auto* integer = std::get_if<int64_t>(&attr)) return static_cast<uint64_t>(*integer);
  if (const auto* number = std::get_if<double>(&attr)) return std::bit_cast<uint64_t>(*number);
  if (const auto* text = std::get_if<std::string>(&attr)) return std::hash<std::string>{}(*text);
  uint64_t hash = 0;
  if (const auto* numbers = std::get_if<std::vector<double>>(&attr)) {
    for (double value : *numbers) hash = mix(hash, std::bit_cast<uint64_t>(value));
    return hash;
  }
  for (int64_t value : std::get<std::vector<int64_t>>(attr))
    hash = mix(hash, static_cast<uint64_t>(value));
  return hash;
}

uint64_t hash_of(const Node& node) {
  uint64_t hash = static_cast<uint64_t>(node.kind);
  if (node.op != nullptr) hash = mix(hash, std::hash<std::string_view>{}(node.op->name));
  for (const auto& [name, attr] : node.attrs.all()) {
    hash = mix(mix(hash, std::hash<std::string>{}(name)), hash_of(attr));
  }
  for (uint32_t input : node.inputs) hash = mix(hash, input);
  for (std::byte b : node.constant.bytes()) hash = mix(hash, static_cast<uint64_t>(b));
  return hash;
}

bool equal_nodes(const Node& a, const Node& b) {
  const auto x = a.constant.bytes(), y = b.constant.bytes();
  return a.kind == b.kind && a.op == b.op && a.inputs == b.inputs && a.attrs == b.attrs &&
         a.type == b.type && std::equal(x.begin(), x.end(), y.begin(), y.end());
}

void check_attributes(const OpDef& op, const Attrs& attrs) {
  const std::string name(op.name);
  for (const std::string& required : op.attributes) {
    ISTHMUS_CHECK(attrs.has(required), name + " needs the attribute '" + required + "'");
  }
  for (const auto& attr : attrs.all()) {
    const auto lists = [&](const std::vector<std::string>& names) {
      return std::count(names.begin(), names.end(), attr.first) != 0;
    };
    ISTHMUS_CHECK(lists(op.attributes) || lists(op.optional_attributes),
                  name + " has no attribute '" + attr.first + "'");
  }
}

}  // namespace

GraphBuilder::GraphBuilder() : graph_id_(next_graph_id()) {}

void GraphBuilder::fail(ErrorCode code, std::string message, std::string hint) const {
  std::string place = source_;
  if (!scope_.empty()) place += (place.empty() ? "" : ", ") + scope_;
  throw Error(code, std::move(message), std::move(hint), {.file = place});
}

std::string GraphBuilder::scoped(std::string_view name) const {
  return scope_.empty() ? std::string(name) : scope_ + "/" + std::string(name);
}

Value GraphBuilder::append(Node node) {
  node.scope = scope_;
  nodes_.push_back(std::move(node));
  return value(static_cast<uint32_t>(nodes_.size() - 1));
}

Value GraphBuilder::append_leaf(Node node, std::string_view key) {
  if (node.name.empty()) fail(ErrorCode::kGraphName, "a name is empty", "give it a name");
  const std::string full = std::string(key) + ":" + node.name;
  if (named_.count(full) != 0) {
    fail(ErrorCode::kGraphName, std::string(key) + " '" + node.name + "' exists already",
         "give each its own name, or make it inside a GraphBuilder::Scope");
  }
  try {
    require_sizes(node.type.shape);
    value_count(node.type.shape);
  } catch (const Error& error) {
    fail(error.code(), std::string(key) + " '" + node.name + "': " + error.message(), error.hint());
  }
  const Value made = append(std::move(node));
  named_[full] = made.index;
  return made;
}

Value GraphBuilder::append_once(Node node) {
  const uint64_t hash = hash_of(node);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (equal_nodes(nodes_[it->second], node)) return value(it->second);
  }
  const Value made = append(std::move(node));
  by_hash_.emplace(hash, made.index);
  return made;
}

Value GraphBuilder::input(std::string_view name, Shape shape) {
  return append_leaf(leaf(NodeKind::kInput, std::string(name), per_row(std::move(shape))), "input");
}

// Parameters and states share one space of names: both are stored tensors.
Value GraphBuilder::parameter(std::string_view name, Shape shape, Initializer initializer,
                              bool trained) {
  Node node = leaf(NodeKind::kParameter, scoped(name), once(std::move(shape)));
  node.initializer = std::move(initializer);
  node.trained = trained;
  return append_leaf(std::move(node), "parameter");
}

Value GraphBuilder::state(std::string_view name, Shape shape, double initial) {
  Node node = leaf(NodeKind::kState, scoped(name), once(std::move(shape)));
  node.initializer = {.kind = "constant", .value = initial};
  return append_leaf(std::move(node), "parameter");
}

Value GraphBuilder::state_like(Value parameter, std::string_view prefix) {
  const Node& like = node(parameter);
  Node state = leaf(NodeKind::kState, std::string(prefix) + "/" + like.name, like.type);
  state.initializer = {.kind = "constant", .value = 0};
  return append_leaf(std::move(state), "parameter");
}

Value GraphBuilder::scalar(std::string_view name) {
  const auto found = named_.find("scalar:" + std::string(name));
  if (found != named_.end()) return value(found->second);
  return append_leaf(leaf(NodeKind::kScalar, std::string(name), scalar_type()), "scalar");
}

Value GraphBuilder::rows() { return append_once(leaf(NodeKind::kRows, {}, scalar_type())); }

Value GraphBuilder::constant(double number) {
  Node node = leaf(NodeKind::kConstant, {}, scalar_type());
  node.constant = Tensor(Dtype::kF64, {});
  node.constant.values<double>()[0] = number;
  return append_once(std::move(node));
}

Value GraphBuilder::constant(const Tensor& values) {
  ISTHMUS_CHECK(values.dtype() == Dtype::kF32, "a constant tensor is float32");
  Node node = leaf(NodeKind::kConstant, {}, once(values.shape()));
  node.constant = values.clone();
  return append_once(std::move(node));
}

Value GraphBuilder::normal(std::string_view stream, Shape shape) {
  Node node = leaf(NodeKind::kNormal, scoped(stream), per_row(std::move(shape)));
  return append_leaf(std::move(node), "noise");
}

Value GraphBuilder::uniform(std::string_view stream, Shape shape) {
  Node node = leaf(NodeKind::kUniform, scoped(stream), per_row(std::move(shape)));
  return append_leaf(std::move(node), "noise");
}

std::string GraphBuilder::fresh_stream(std::string_view stream) const {
  std::string name(stream);
  for (int copy = 1; named_.count("noise:" + scoped(name)) != 0; ++copy) {
    name = std::string(stream) + std::to_string(copy);
  }
  return name;
}

Value GraphBuilder::call(const OpDef& op, const Attrs& attrs, const Values& inputs) {
  const std::string name(op.name);
  const bool count_fits =
      op.num_inputs < 0 ? !inputs.empty() : inputs.size() == static_cast<size_t>(op.num_inputs);
  ISTHMUS_CHECK(count_fits, name + " got " + std::to_string(inputs.size()) + " inputs");
  check_attributes(op, attrs);
  std::vector<ValueType> types;
  std::vector<uint32_t> indices;
  for (Value input : inputs) {
    types.push_back(type(input));
    indices.push_back(input.index);
  }
  ValueType result;
  try {
    result = op.infer(attrs, types);
  } catch (const Error& error) {
    fail(error.code(), name + ": " + error.message(), error.hint());
  }
  if (!op.expand) {
    Node node = leaf(NodeKind::kOp, {}, result);
    node.op = &op;
    node.inputs = std::move(indices);
    node.attrs = attrs;
    return append_once(std::move(node));
  }
  const Value expanded = op.expand(*this, {.attrs = attrs, .inputs = inputs, .out = {}});
  ISTHMUS_CHECK(type(expanded) == result, name + ": infer and expand disagree");
  return expanded;
}

Value GraphBuilder::call(std::string_view op, const Attrs& attrs, const Values& inputs) {
  return call(find_op(op), attrs, inputs);
}

const Node& GraphBuilder::node(Value v) const {
  if (v.graph_id != graph_id_ || v.index >= nodes_.size()) {
    fail(ErrorCode::kGraphValue,
         v.valid() ? "a value belongs to another graph" : "a value was never set",
         "use values of the same GraphBuilder");
  }
  return nodes_[v.index];
}

const ValueType& GraphBuilder::type(Value v) const { return node(v).type; }

Values GraphBuilder::parameters() const {
  Values values;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].kind == NodeKind::kParameter) values.push_back(value(i));
  }
  return values;
}

void GraphBuilder::assign(Value state, Value next) {
  const Node& target = node(state);
  const ValueType& given = type(next);
  ISTHMUS_CHECK(target.kind == NodeKind::kParameter || target.kind == NodeKind::kState,
                "only parameters and states can be assigned");
  if (given != target.type) {
    fail(ErrorCode::kShapeMismatch,
         "assign: '" + target.name + "' is " + type_text(target.type) + ", its new value " +
             type_text(given),
         "both types must be equal");
  }
  for (const Assignment& other : assignments_) {
    if (other.state == state.index) {
      fail(ErrorCode::kGraphName, "'" + target.name + "' is assigned twice",
           "assign it once per step");
    }
  }
  assignments_.push_back({state.index, next.index});
}

void GraphBuilder::output(std::string_view name, Value value) {
  node(value);
  for (const auto& other : outputs_) {
    if (other.first == name) {
      fail(ErrorCode::kGraphName, "output '" + std::string(name) + "' exists already",
           "give each output its own name");
    }
  }
  outputs_.emplace_back(name, value.index);
}

GraphBuilder::Scope::Scope(GraphBuilder& g, std::string_view name)
    : g_(g), length_(g.scope_.size()) {
  g_.scope_ = g_.scoped(name);
}
GraphBuilder::Scope::~Scope() { g_.scope_.resize(length_); }

Graph GraphBuilder::finish() && {
  std::vector<bool> needed(nodes_.size(), false);
  for (const auto& output : outputs_) needed[output.second] = true;
  for (const Assignment& a : assignments_) needed[a.state] = needed[a.value] = true;
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (uint32_t input : nodes_[i].inputs) needed[input] = true;
  }
  Graph graph;
  std::vector<uint32_t> moved(nodes_.size(), UINT32_MAX);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!needed[i]) continue;
    moved[i] = static_cast<uint32_t>(graph.nodes_.size());
    graph.nodes_.push_back(std::move(nodes_[i]));
    for (uint32_t& input : graph.nodes_.back().inputs) input = moved[input];
  }
  for (auto& output : outputs_)
    graph.outputs_.emplace_back(std::move(output.first), moved[output.second]);
  for (const Assignment& a : assignments_)
    graph.assignments_.push_back({moved[a.state], moved[a.value]});
  nodes_.clear();
  outputs_.clear();
  assignments_.clear();
  named_.clear();
  by_hash_.clear();
  graph_id_ = next_graph_id();  // values of the finished graph are no longer accepted
  verify(graph);
  return graph;
}

}  // namespace isthmus
