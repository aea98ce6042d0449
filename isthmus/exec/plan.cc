// SPDX-License-Identifier: Apache-2.0
// Cuts a graph into stages: first what is uniform and who reads whom, then levels, then groups. It
// chooses no kernels and no memory: that is the device's part.
#include "isthmus/exec/plan.h"

#include <algorithm>

namespace isthmus {
namespace {

bool shares_memory(const Node& n) {
  return n.op->layout == Layout::kSameMemory || n.op->layout == Layout::kRepeats;
}

bool is_per_row(const Node& n) { return n.type.extent == Extent::kPerRow; }

/// Uniform: elementwise operations, and those that share memory, whose per-row inputs are all
/// uniform; so what makes rows of a kOnce value.
void find_uniform(const Graph& graph, Plan& plan) {
  const auto& nodes = graph.nodes();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    if (n.kind != NodeKind::kOp || !is_per_row(n)) continue;
    if (n.op->elementwise || shares_memory(n)) {
      plan.nodes[i].uniform = std::all_of(n.inputs.begin(), n.inputs.end(), [&](uint32_t in) {
        return !is_per_row(nodes[in]) || plan.nodes[in].uniform;
      });
    }
  }
}

void find_readers(const Graph& graph, Plan& plan) {
  const auto& nodes = graph.nodes();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    for (uint32_t in : nodes[i].inputs) plan.nodes[in].readers.push_back(i);
  }
}

void find_aliases(const Graph& graph, Plan& plan) {
  const auto& nodes = graph.nodes();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    if (n.kind != NodeKind::kOp || !shares_memory(n)) continue;
    NodePlan& p = plan.nodes[i];
    p.alias_of = n.inputs[0];
    p.materialized = false;
    if (n.op->layout == Layout::kRepeats) {
      p.materialized = std::any_of(p.readers.begin(), p.readers.end(), [&](uint32_t r) {
        const Node& reader = nodes[r];
        return !reader.op->elementwise && reader.op->layout != Layout::kRepeats;
      });
      for (const auto& [name, output] : graph.outputs()) p.materialized |= output == i;
    }
  }
}

void find_levels(const Graph& graph, Plan& plan) {
  const auto& nodes = graph.nodes();
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const Node& n = nodes[i];
    NodePlan& p = plan.nodes[i];
    if (n.kind != NodeKind::kOp) {
      p.level = is_per_row(n) ? 0 : -2;
      continue;
    }
    const bool once = is_once(graph, plan, i);
    const bool batch_wise = n.op->rows == RowUse::kBatchWise;
    int level = once ? -1 : batch_wise ? 1 : 0;
    for (uint32_t in : n.inputs) {
      const int ready = plan.nodes[in].level;
      if (!is_once(graph, plan, in)) {
        level = std::max(level, ready + (batch_wise ? 1 : 0));
      } else if (ready > -2 && batch_wise && is_per_row(nodes[in])) {
        level = std::max(level, ready + 2);  // the stage between writes its rows
      } else if (ready > -2) {
        // A sum over rows of a uniform value needs that value row by row: one stage later.
        const bool as_rows = is_per_row(nodes[in]) && n.op->rows == RowUse::kBatchSum;
        level = std::max(level, once && !as_rows ? ready : ready + 1);
      }
    }
    if (n.op->rows == RowUse::kBatchSum) level = std::max(level, 0);
    p.level = level;
  }
}

/// Orders the row nodes of one level and joins neighbours of one geometry: keeps taking ready nodes
/// that fit the open group, else opens the group of the earliest ready node. What follows from one
/// value (the mask of a relu's gradient, say) is made beside its reader: until then that value
/// lives instead of both.
class RowGrouper {
 public:
  RowGrouper(const Graph& graph, const Plan& plan, int level)
      : graph_(graph), plan_(plan), level_(level) {
    for (uint32_t i = 0; i < graph.nodes().size(); ++i) {
      if (!is_once(graph, plan, i) && plan.nodes[i].level == level) waiting_.push_back(i);
    }
    done_.assign(graph.nodes().size(), true);
    for (uint32_t i : waiting_) done_[i] = false;
    can_wait_.assign(graph.nodes().size(), false);
    for (uint32_t i : waiting_) can_wait_[i] = follows_from_one(i) && has_readers_here(i);
  }

  std::vector<RowGroup> run() {
    while (!waiting_.empty()) {
      if (!groups_.empty() && groups_.back().elementwise && extend(groups_.back())) continue;
      open();
    }
    return std::move(groups_);
  }

 private:
  /// Elementwise, of one per-row value.
  bool follows_from_one(uint32_t i) const {
    if (!is_elementwise(i)) return false;
    uint32_t from = kNoNode;
    for (uint32_t in : graph_.nodes()[i].inputs) {
      if (is_once(graph_, plan_, in)) continue;
      in = look_through(plan_, in);
      if (from != kNoNode && from != in) return false;
      from = in;
    }
    return true;
  }
  /// Only operations on rows of this level read it.
  bool has_readers_here(uint32_t i) const {
    const auto& readers = plan_.nodes[i].readers;
    const auto& outputs = graph_.outputs();
    return !readers.empty() && std::none_of(outputs.begin(), outputs.end(), [&](const auto& o) {
      return o.second == i;
    }) && std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
      return !done_[r] && plan_.nodes[r].alias_of == kNoNode;
    });
  }
  bool is_available(uint32_t i) const {
    return done_[i] || (can_wait_[i] && has_inputs(i, &RowGrouper::is_available));
  }
  /// Nothing else keeps a reader waiting.
  bool is_wanted(uint32_t i) const {
    const auto& readers = plan_.nodes[i].readers;
    return std::any_of(readers.begin(), readers.end(), [&](uint32_t r) {
      return has_inputs(r, &RowGrouper::is_available) && (!can_wait_[r] || is_wanted(r));
    });
  }
  bool is_done(uint32_t i) const { return done_[i]; }
  bool has_inputs(uint32_t i, bool (RowGrouper::*is_there)(uint32_t) const) const {
    const auto& in = graph_.nodes()[i].inputs;
    return std::all_of(in.begin(), in.end(), [&](uint32_t k) { return (this->*is_there)(k); });
  }
  bool ready(uint32_t i) const {
    return has_inputs(i, &RowGrouper::is_done) && (!can_wait_[i] || is_wanted(i));
  }
  bool is_elementwise(uint32_t i) const {
    const Node& n = graph_.nodes()[i];
    return n.kind == NodeKind::kOp && n.op->elementwise && plan_.nodes[i].alias_of == kNoNode;
  }
  bool fits(const RowGroup& group, uint32_t i) const {
    const Node& n = graph_.nodes()[i];
    if (n.kind == NodeKind::kOp && plan_.nodes[i].alias_of != kNoNode) {
      return !plan_.nodes[i].materialized;  // costs nothing
    }
    if (is_elementwise(i)) return geometry(n.type.shape) == Geometry{group.lead, group.cols};
    if (n.kind != NodeKind::kOp || !is_last_axis_reduction(graph_, i)) return false;
    return geometry(graph_.nodes()[n.inputs[0]].type.shape) == Geometry{group.lead, group.cols};
  }
  bool extend(RowGroup& group) {
    for (size_t k = 0; k < waiting_.size(); ++k) {
      if (ready(waiting_[k]) && fits(group, waiting_[k])) {
        take(group, k);
        return true;
      }
    }
    return false;
  }
  void open() {
    // Products and leaves first: they make more nodes ready for the next elementwise group.
    size_t chosen = waiting_.size();
    for (size_t k = 0; k < waiting_.size() && chosen == waiting_.size(); ++k) {
      if (ready(waiting_[k]) && !is_elementwise(waiting_[k])) chosen = k;
    }
    for (size_t k = 0; k < waiting_.size() && chosen == waiting_.size(); ++k) {
      if (ready(waiting_[k])) chosen = k;
    }
    ISTHMUS_CHECK(chosen < waiting_.size(), "a graph in topological order always has a ready node");
    RowGroup group;
    const Geometry size = geometry(graph_.nodes()[waiting_[chosen]].type.shape);
    group.lead = size.lead;
    group.cols = size.cols;
    group.elementwise = is_elementwise(waiting_[chosen]);
    groups_.push_back(group);
    take(groups_.back(), chosen);
  }
  void take(RowGroup& group, size_t k) {
    const uint32_t i = waiting_[k];
    group.nodes.push_back(i);
    done_[i] = true;
    waiting_.erase(waiting_.begin() + static_cast<int64_t>(k));
  }

  const Graph& graph_;
  const Plan& plan_;
  int level_;
  std::vector<uint32_t> waiting_;
  std::vector<bool> done_, can_wait_;
  std::vector<RowGroup> groups_;
};

/// Forms the once groups of one level in topological order.
class OnceGrouper {
 public:
  OnceGrouper(const Graph& graph, const Plan& plan, int level)
      : graph_(graph), plan_(plan), level_(level), group_of_(graph.nodes().size(), kNoNode) {}

  void run(Stage& stage) {
    const auto& nodes = graph_.nodes();
    for (uint32_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].kind != NodeKind::kOp || !is_once(graph_, plan_, i)) continue;
      if (plan_.nodes[i].level == level_) place(i);
    }
    std::stable_sort(groups_.begin(), groups_.end(), [](const OnceGroup& a, const OnceGroup& b) {
      return a.sublevel < b.sublevel;
    });
    for (const OnceGroup& g : groups_) {
      stage.num_sublevels = std::max(stage.num_sublevels, g.sublevel + 1);
    }
    stage.once = std::move(groups_);
  }

 private:
  bool is_alias(uint32_t i) const {
    return plan_.nodes[i].alias_of != kNoNode && !plan_.nodes[i].materialized;
  }
  /// The group that computes what `i` reads, or none for leaves and earlier stages.
  uint32_t producer(uint32_t in) const {
    while (is_alias(in)) in = plan_.nodes[in].alias_of;
    return group_of_[in];
  }
  void place(uint32_t i) {
    const Node& n = graph_.nodes()[i];
    if (is_alias(i)) return;
    int sublevel = 0;
    for (uint32_t in : n.inputs) {
      const uint32_t p = producer(in);
      if (p != kNoNode) sublevel = std::max(sublevel, groups_[p].sublevel + 1);
    }
    const bool tiled = n.op->elementwise && strided(i);
    if (tiled && n.type.dtype == Dtype::kF32) {
      const uint32_t home = joinable(i);
      if (home != kNoNode) {
        groups_[home].nodes.push_back(i);
        group_of_[i] = home;
        return;
      }
    }
    OnceGroup group;
    group.sublevel = sublevel;
    group.shape = n.type.shape;
    group.scalar64 = n.type.dtype == Dtype::kF64;
    if (!tiled && !group.scalar64) {
      group.source = i;
    } else {
      group.nodes.push_back(i);
    }
    group_of_[i] = static_cast<uint32_t>(groups_.size());
    groups_.push_back(std::move(group));
  }
  /// Every input is a whole matrix, a row, a column or one value against the rows and columns of
  /// `i`.
  bool strided(uint32_t i) const {
    const Geometry g = geometry(graph_.nodes()[i].type.shape);
    for (uint32_t in : graph_.nodes()[i].inputs) {
      in = look_through(plan_, in);
      const Geometry k = geometry(graph_.nodes()[in].type.shape);
      if ((k.lead != 1 && k.lead != g.lead) || (k.cols != 1 && k.cols != g.cols)) return false;
    }
    return true;
  }
  /// An existing group of the same lines that `i` can follow element by element: every input is of
  /// that group, or ready before the group's sublevel.
  uint32_t joinable(uint32_t i) const {
    const Node& n = graph_.nodes()[i];
    for (uint32_t g = groups_.size(); g-- > 0;) {
      if (groups_[g].scalar64 || !same_lines(groups_[g].shape, n.type.shape)) continue;
      bool uses = false, fits = true;
      for (uint32_t in : n.inputs) {
        const uint32_t p = producer(in);
        if (p == g) {
          uses = true;
          fits &= same_elements(in, n.type.shape);
        } else if (p != kNoNode) {
          fits &= groups_[p].sublevel < groups_[g].sublevel;
        }
      }
      if (uses && fits) return g;
    }
    return kNoNode;
  }
  bool same_elements(uint32_t in, const Shape& shape) const {
    while (is_alias(in)) in = plan_.nodes[in].alias_of;
    return same_lines(graph_.nodes()[in].type.shape, shape);
  }
  /// The same values in the same lines: a kernel's gradient is a matrix, its weights have more
  /// axes.
  static bool same_lines(const Shape& a, const Shape& b) { return geometry(a) == geometry(b); }

  const Graph& graph_;
  const Plan& plan_;
  int level_;
  std::vector<uint32_t> group_of_;
  std::vector<OnceGroup> groups_;
};

}  // namespace

Geometry geometry(const Shape& shape) {
  if (shape.empty()) return {};
  const int64_t cols = shape.back();
  return {.lead = cols == 0 ? 0 : value_count(shape) / cols, .cols = cols};
}

bool is_last_axis_reduction(const Graph& graph, uint32_t node) {
  const Node& n = graph.nodes()[node];
  if (n.kind != NodeKind::kOp || n.type.dtype != Dtype::kF32) return false;
  const Shape& in = graph.nodes()[n.inputs[0]].type.shape;
  if (in.empty()) return false;
  switch (n.op->reduces) {
    case Reduces::kNothing:
      return false;
    case Reduces::kNamedAxis:
      return n.attrs.integer("axis", -1) == -1;
    case Reduces::kLastAxis:
      return true;
    case Reduces::kAllAxes:
      return in.size() == 1;
  }
  return false;
}

bool is_once(const Graph& graph, const Plan& plan, uint32_t node) {
  return graph.nodes()[node].type.extent == Extent::kOnce || plan.nodes[node].uniform;
}

uint32_t look_through(const Plan& plan, uint32_t node) {
  while (plan.nodes[node].alias_of != kNoNode) node = plan.nodes[node].alias_of;
  return node;
}

Plan make_plan(const Graph& graph) {
  Plan plan;
  plan.nodes.resize(graph.nodes().size());
  find_uniform(graph, plan);
  find_readers(graph, plan);
  find_aliases(graph, plan);
  find_levels(graph, plan);
  int top = -1;
  for (uint32_t i = 0; i < plan.nodes.size(); ++i) {
    top = std::max(top, plan.nodes[i].level);
  }
  // A uniform output is written out row by row after the stage that computes it.
  for (const auto& [name, output] : graph.outputs()) {
    if (plan.nodes[output].uniform) top = std::max(top, plan.nodes[output].level + 1);
  }
  OnceGrouper(graph, plan, -1).run(plan.prologue);
  for (int level = 0; level <= top; ++level) {
    Stage stage;
    stage.rows = RowGrouper(graph, plan, level).run();
    OnceGrouper(graph, plan, level).run(stage);
    plan.stages.push_back(std::move(stage));
  }
  return plan;
}

}  // namespace isthmus
