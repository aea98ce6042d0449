// SPDX-License-Identifier: Apache-2.0
// The text of a graph, one line per node, for people and golden tests. It is not read back.
#include <charconv>
#include <sstream>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

std::string quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

std::string attr_text(const Attr& attr) {
  if (const auto* integer = std::get_if<int64_t>(&attr)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&attr)) return number_text(*number);
  if (const auto* text = std::get_if<std::string>(&attr)) return quoted(*text);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&attr)) return shape_text(*list);
  std::string text;
  for (double value : std::get<std::vector<double>>(attr)) {
    text += (text.empty() ? "(" : ", ") + number_text(value);
  }
  return text + ")";
}

std::string attrs_text(const Attrs& attrs) {
  std::string text;
  for (const auto& [name, attr] : attrs.all()) {
    text += (text.empty() ? "" : ", ") + name + "=" + attr_text(attr);
  }
  return text.empty() ? text : std::string("{").append(text).append("}");
}

std::string constant_text(const Tensor& constant) {
  if (constant.dtype() == Dtype::kF64) return number_text(constant.values<double>()[0]);
  return "of " + std::to_string(constant.num_values()) + " values";
}

std::string node_text(const Node& node) {
  switch (node.kind) {
    case NodeKind::kInput:
      return "input " + quoted(node.name);
    case NodeKind::kParameter:
      return "parameter " + quoted(node.name) + " " + node.initializer.kind;
    case NodeKind::kState:
      return "state " + quoted(node.name) + " " + number_text(node.initializer.value);
    case NodeKind::kScalar:
      return "scalar " + quoted(node.name);
    case NodeKind::kRows:
      return "rows";
    case NodeKind::kConstant:
      return "constant " + constant_text(node.constant);
    case NodeKind::kNormal:
      return "normal " + quoted(node.name);
    case NodeKind::kUniform:
      return "uniform " + quoted(node.name);
    case NodeKind::kOp:
      break;
  }
  std::string inputs;
  for (uint32_t input : node.inputs)
    inputs += (inputs.empty() ? "%" : ", %") + std::to_string(input);
  return std::string(node.op->name) + attrs_text(node.attrs) + "(" + inputs + ")";
}

}  // namespace

std::string print_graph(const Graph& graph) {
  std::ostringstream text;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    text << "%" << i << " = " << node_text(node) << "  " << type_text(node.type);
    text << (node.scope.empty() ? "" : "  ") << node.scope << "\n";
  }
  for (const Assignment& a : graph.assignments()) {
    text << "assign %" << a.state << " <- %" << a.value << "\n";
  }
  for (const auto& [name, index] : graph.outputs()) {
    text << "output \"" << name << "\" = %" << index << "\n";
  }
  return text.str();
}

}  // namespace isthmus
