// SPDX-License-Identifier: Apache-2.0
// The first pass: who reads what. Values that share memory are one value with several names, so
// that readers are asked for through reshapes, views and broadcasts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isthmus/exec/plan.h"
#include "isthmus/graph/op.h"

namespace isthmus {

struct Uses {
  const Graph& graph;
  const Plan& plan;
  /// By node: the value whose memory it shares, itself if it has its own. A broadcast that is
  /// needed in full has its own.
  std::vector<uint32_t> base = {};
  /// By node: part of each row of its input, read where that lies.
  std::vector<bool> view = {};
  std::vector<bool> output = {};
  /// By node: its readers, those of its other names included.
  std::vector<std::vector<uint32_t>> readers = {};

  size_t size() const { return graph.nodes().size(); }
  const Node& node(uint32_t i) const { return graph.nodes()[i]; }
  bool once(uint32_t i) const { return is_once(graph, plan, i); }
  bool per_row(uint32_t i) const { return node(i).type.extent == Extent::kPerRow; }
  bool is_op(uint32_t i) const { return node(i).kind == NodeKind::kOp; }
  Geometry shape_of(uint32_t i) const { return geometry(node(i).type.shape); }
  int64_t values_of(uint32_t i) const { return value_count(node(i).type.shape); }
  int level(uint32_t i) const { return plan.nodes[i].level; }
  /// Lies in the memory of its input.
  bool shares(uint32_t i) const { return base[i] != i; }
  /// A view that nobody wants in memory of its own.
  bool is_unwritten_view(uint32_t i) const { return view[i] && !output[i]; }
  /// A value and its other names, in the order of the graph.
  std::vector<uint32_t> names_of(uint32_t i) const;
  /// The value that an elementwise reader of `i` sees, and its shape there: through broadcasts, and
  /// through reshapes behind the last of them.
  std::pair<uint32_t, Shape> source_of(uint32_t i) const;
};

Uses find_uses(const Graph& graph, const Plan& plan);

/// "%3 matmul  read by %4 %7" per line, with the value that it shares memory with.
std::string print_uses(const Uses& uses);

}  // namespace isthmus
