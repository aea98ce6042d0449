// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cli/kernel_table.h"

#include <algorithm>
#include <map>
#include <set>

#include "isthmus/base/text.h"
#include "isthmus/cli/bench_models.h"
#include "isthmus/cli/trial.h"
#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

using Kernels = std::map<std::string, std::set<std::string>, std::less<>>;  // by operation

/// The operation on leaves.
Graph graph_of(const OpDef& op, const OpCase& c) {
  GraphBuilder g;
  Values inputs;
  for (const ValueType& type : c.inputs) {
    const std::string name = "in" + std::to_string(inputs.size());
    inputs.push_back(type.dtype == Dtype::kF64        ? g.scalar(name)
                     : type.extent == Extent::kPerRow ? g.input(name, type.shape)
                                                      : g.parameter(name, type.shape, {}));
  }
  g.output("out", g.call(op, c.attrs, inputs));
  return std::move(g).finish();
}

void add_kernels(const Graph& graph, Device& device, Kernels& kernels) {
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    const auto executor = device.compile(graph, {.max_rows = 64, .precision = precision});
    for (const OperationKernel& k : executor->kernels()) kernels[k.operation].insert(k.kernel);
  }
}

/// The operations that a composite is replaced by, but for views, which do nothing.
std::string parts_of(const OpDef& op) {
  std::vector<std::string> names;
  const Graph graph = graph_of(op, op.cases.front());
  for (const Node& node : graph.nodes()) {
    const bool is_new = node.kind == NodeKind::kOp && node.op->name != "reshape" &&
                        std::ranges::find(names, node.op->name) == names.end();
    if (is_new) names.emplace_back(node.op->name);
  }
  return "composite of " + join(names, ", ");
}

/// "chunk, fused into adam, bias_relu"
std::string listed(const std::set<std::string>& kernels) {
  const std::string fused = "fused into ";
  std::vector<std::string> own, into;
  for (const std::string& kernel : kernels) {
    if (kernel.starts_with(fused)) {
      into.push_back(kernel.substr(fused.size()));
    } else {
      own.push_back(kernel);
    }
  }
  if (!into.empty()) own.push_back(fused + join(into, ", "));
  return join(own, ", ");
}

std::string row_of(const OpDef& op, const Kernels& kernels) {
  std::string how;
  if (op.expand) {
    how = parts_of(op);
  } else {
    const auto found = kernels.find(op.name);
    if (found != kernels.end()) how = listed(found->second);
  }
  return "| `" + std::string(op.name) + "` | " + how + " |\n";
}

}  // namespace

std::string kernel_table() {
  const auto device = open_device({.device = "cpu", .threads = 1});
  Kernels kernels;
  for (const OpDef& op : all_ops()) {
    if (op.expand) continue;
    for (const OpCase& c : op.cases) add_kernels(graph_of(op, c), *device, kernels);
  }
  for (const StepToTime& step : steps_of_models("none", made_up_images(64, 4, 1))) {
    add_kernels(step.graph, *device, kernels);
  }
  std::string text = "| operation | " + device->info().kind + " |\n|---|---|\n";
  for (const OpDef& op : all_ops()) text += row_of(op, kernels);
  return text;
}

}  // namespace isthmus
