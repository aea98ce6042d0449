// SPDX-License-Identifier: Apache-2.0
// A plan as text, for people and golden tests: one line per group, in the order of execution.
#include "isthmus/exec/plan.h"

namespace isthmus {
namespace {

std::string node_text(const Graph& graph, uint32_t i) {
  const Node& n = graph.nodes()[i];
  std::string text = "%" + std::to_string(i) + " = ";
  switch (n.kind) {
    case NodeKind::kOp:
      text += n.op->name;
      break;
    case NodeKind::kInput:
      text += "load " + n.name;
      break;
    case NodeKind::kNormal:
      text += "normal " + n.name;
      break;
    case NodeKind::kUniform:
      text += "uniform " + n.name;
      break;
    default:
      text += n.name;
  }
  if (!n.inputs.empty()) {
    text += "(";
    for (size_t k = 0; k < n.inputs.size(); ++k) {
      text += (k ? ", %" : "%") + std::to_string(n.inputs[k]);
    }
    text += ")";
  }
  return text;
}

void print_once(const Graph& graph, const Stage& stage, std::string& text) {
  for (const OnceGroup& group : stage.once) {
    text += "  once." + std::to_string(group.sublevel) + " " + shape_text(group.shape) + ":";
    if (group.source != kNoNode) text += "  " + node_text(graph, group.source);
    for (uint32_t i : group.nodes) text += "  " + node_text(graph, i);
    text += "\n";
  }
}

}  // namespace

std::string print_plan(const Graph& graph, const Plan& plan) {
  std::string text = "prologue\n";
  print_once(graph, plan.prologue, text);
  for (size_t s = 0; s < plan.stages.size(); ++s) {
    text += "stage " + std::to_string(s) + "\n";
    for (const RowGroup& group : plan.stages[s].rows) {
      const Node& first = graph.nodes()[group.nodes[0]];
      const bool batch = first.op != nullptr && first.op->rows == RowUse::kBatchWise;
      text += (batch ? "  batch " : "  rows ") + std::to_string(group.lead) + "x" +
              std::to_string(group.cols) + ":";
      for (uint32_t i : group.nodes) {
        text += "  " + node_text(graph, i);
      }
      text += "\n";
    }
    print_once(graph, plan.stages[s], text);
  }
  return text;
}

}  // namespace isthmus
