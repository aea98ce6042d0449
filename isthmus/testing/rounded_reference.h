// SPDX-License-Identifier: Apache-2.0
// What a bf16 program computes, in double: the reference whose products round their operands.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "isthmus/graph/op.h"

namespace isthmus {

/// By the definition: the nearest of 8 significant bits, ties to even.
inline double rounded_to_bf16(double value) {
  const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  const uint32_t kept = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  return static_cast<double>(std::bit_cast<float>(kept));
}

/// All products but those of two per-row factors and exact ones, which stay float32.
inline bool rounds_operands(const Graph& graph, const Node& node) {
  if (node.kind != NodeKind::kOp) return false;
  const bool shared = node.op->name == "matmul" && node.attrs.integer("exact", 0) == 0 &&
                      graph.nodes()[node.inputs[1]].type.extent == Extent::kOnce;
  return shared || node.op->name == "outer_sum";
}

/// The values of all nodes in double, from the leaves of `run`; operands of products are rounded.
inline std::vector<RefArray> with_rounded_operands(const Graph& graph, const ReferenceRun& run,
                                                   int64_t rows) {
  std::vector<RefArray> values;
  for (uint32_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    values.push_back(run.value(i));
    if (node.kind != NodeKind::kOp) continue;
    std::vector<RefArray> rounded;
    for (uint32_t input : node.inputs) {
      rounded.push_back(values[input]);
      if (!rounds_operands(graph, node)) continue;
      for (double& value : rounded.back().data) value = rounded_to_bf16(value);
    }
    std::vector<const RefArray*> in;
    for (const RefArray& array : rounded) in.push_back(&array);
    std::fill(values[i].data.begin(), values[i].data.end(), 0.0);
    node.op->reference({.attrs = node.attrs, .in = in, .rows = rows, .out = values[i]});
  }
  return values;
}

}  // namespace isthmus
