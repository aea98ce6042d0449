// SPDX-License-Identifier: Apache-2.0
// Who does what when: a graph cut into stages, before any device is known.
//
// A step runs: prologue (once), rows 0, once 0, rows 1, once 1, ... A row stage holds all per-row
// nodes whose inputs are ready; a once stage holds the sums over rows of the stage before and what
// follows from them (gradients of weights, optimizer, scalars). Inside a once stage, groups of one
// sublevel are independent of each other. A batch-wise node reads all rows: it opens its row stage,
// one later than the last of its inputs, before the blocks of rows that may read it. The cut
// depends on the graph alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isthmus/graph/graph.h"
#include "isthmus/graph/op.h"

namespace isthmus {

inline constexpr uint32_t kNoNode = UINT32_MAX;

struct NodePlan {
  /// Computed once per step, although its type may be per-row: every row has the same value
  /// (to_rows and what elementwise operations make of it).
  bool uniform = false;
  /// Row stage (per-row nodes) or once stage (others) that computes it; -1 is the prologue, -2 a
  /// leaf that is ready before the step.
  int level = -2;
  /// Shares the memory of another node: reshape and stop_gradient always, to_rows too; broadcast
  /// for elementwise readers (they see the smaller shape).
  uint32_t alias_of = kNoNode;
  /// A broadcast that some reader needs in full.
  bool materialized = true;
  std::vector<uint32_t> readers;
};

/// Nodes that run together on one chunk of rows after another: elementwise nodes of one geometry
/// (lead x cols values per row) and reductions over the last axis of them; or one other node.
struct RowGroup {
  std::vector<uint32_t> nodes;
  int64_t lead = 1, cols = 1;
  bool elementwise = false;
};

/// A kOnce group: one source (outer_sum, batch_sum or any other non-elementwise node) and the
/// elementwise nodes of the same lines that can follow it tile by tile.
struct OnceGroup {
  uint32_t source = kNoNode;
  std::vector<uint32_t> nodes;
  Shape shape;
  int sublevel = 0;
  bool scalar64 = false;  // one float64 node
};

struct Stage {
  std::vector<RowGroup> rows;
  std::vector<OnceGroup> once;  // ordered by sublevel
  int num_sublevels = 0;
};

struct Plan {
  std::vector<NodePlan> nodes;
  Stage prologue;  // no rows
  std::vector<Stage> stages;
};

Plan make_plan(const Graph& graph);

/// The node whose memory and shape an elementwise reader uses for `node`.
uint32_t look_through(const Plan& plan, uint32_t node);

/// Executed once per step: kOnce nodes and uniform per-row nodes.
bool is_once(const Graph& graph, const Plan& plan, uint32_t node);

/// lead x cols of a row shape: cols is the last axis.
struct Geometry {
  int64_t lead = 1, cols = 1;
  bool operator==(const Geometry&) const = default;
};
Geometry geometry(const Shape& shape);
/// sum over the last axis, sum_items of one axis, logsumexp: may end an elementwise group.
bool is_last_axis_reduction(const Graph& graph, uint32_t node);

std::string print_plan(const Graph& graph, const Plan& plan);

}  // namespace isthmus
