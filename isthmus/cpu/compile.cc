// SPDX-License-Identifier: Apache-2.0
// From a graph to a program for this processor: block sizes, row groups, then the passes of the
// other compile files. Runs once per executor; what it decides depends on graph, batch size and
// precision alone, except the thread cuts at the very end.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {

Program compile_program(const Graph& graph, const CompileOptions& options, int num_threads) {
  Program program;
  program.graph = graph;
  program.plan = make_plan(program.graph);
  program.options = options;
  program.num_threads = num_threads;
  Compiler(program).compile();
  return program;
}

void Compiler::compile() {
  choose_block_shape();
  find_readers();
  split_row_groups();
  for (const auto& [level, stage] :
       std::vector<std::pair<int, const Stage*>>{{-1, &plan_.prologue}}) {
    for (const OnceGroup& g : stage->once) {
      for (uint32_t i : g.nodes) once_position_[i] = {level, g.sublevel};
      if (g.source != kNoNode) once_position_[g.source] = {level, g.sublevel};
    }
  }
  for (size_t s = 0; s < plan_.stages.size(); ++s) {
    for (const OnceGroup& g : plan_.stages[s].once) {
      for (uint32_t i : g.nodes) once_position_[i] = {static_cast<int>(s), g.sublevel};
      if (g.source != kNoNode) once_position_[g.source] = {static_cast<int>(s), g.sublevel};
    }
  }
  compile_assignments_in_place();
  place_all();
  p_.row_stages.resize(plan_.stages.size());
  p_.once_stages.resize(plan_.stages.size());
  for (size_t s = 0; s < plan_.stages.size(); ++s) compile_row_stage(s);
  compile_once_stage(plan_.prologue, p_.prologue);
  for (size_t s = 0; s < plan_.stages.size(); ++s) {
    compile_once_stage(plan_.stages[s], p_.once_stages[s]);
  }
  compile_commits();
  compile_outputs();
  for (const Matmul& m : p_.matmuls) {
    p_.gemm_scratch_bytes = std::max(p_.gemm_scratch_bytes, m.scratch_bytes());
  }
}

void Compiler::choose_block_shape() {
  int64_t lead = 1;
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    // An input is loaded flat, a view moves nothing: their axes cost no rows.
    const bool moves = node(i).kind != NodeKind::kInput && base(i) == i;
    if (!once(i) && moves) lead = std::max(lead, geometry(node(i).type.shape).lead);
  }
  const int64_t rows = p_.options.max_rows;
  int64_t block = 64;
  if (rows < 8 * 64) block = 32;
  if (rows < 2 * 32) block = 16;
  block = std::min(block, rows);
  if (lead > 1) block = std::max<int64_t>(1, std::min(block, 64 / lead));
  // bf16 keeps two rows of the batch in one pair: a pair must not belong to two blocks.
  if (p_.options.precision == Precision::kBF16) block = (block + 1) / 2 * 2;
  p_.shape.block_rows = block;
  p_.shape.max_rows = rows;
  p_.shape.num_blocks = (rows + block - 1) / block;
  p_.shape.chunk_rows = std::min<int64_t>(32, block);
  // Panels of sums over the batch: whole blocks, about 512 rows of the wider of item and lead.
  const int64_t panel_blocks = std::max<int64_t>(1, 512 / block);
  const int64_t blocks = std::min(panel_blocks, p_.shape.num_blocks);
  p_.num_panels = (p_.shape.num_blocks + blocks - 1) / blocks;
  p_.panel_rows = blocks * block;
}

uint32_t Compiler::base(uint32_t i) const {
  while (plan_.nodes[i].alias_of != kNoNode && !plan_.nodes[i].materialized) {
    i = plan_.nodes[i].alias_of;
  }
  return i;
}

/// A view must not be reshaped (its rows are not dense) or be the second factor of a sum of
/// products (which is read where it lies).
bool Compiler::is_view(uint32_t i) const {
  if (!is_op(i, "slice") || once(i) || node(i).type.shape.size() != 1) return false;
  const auto& readers = plan_.nodes[i].readers;
  return std::none_of(readers.begin(), readers.end(), [&](uint32_t r) {
    return is_op(r, "reshape") || (is_op(r, "outer_sum") && node(r).inputs[1] == i);
  });
}

/// Cuts the plan's groups where a node has no strided form, and adds the fills of uniform values.
void Compiler::split_row_groups() {
  row_groups_.resize(plan_.stages.size());
  for (size_t s = 0; s < plan_.stages.size(); ++s) {
    std::set<uint32_t> fills;
    auto& out = row_groups_[s];
    for (const RowGroup& group : plan_.stages[s].rows) {
      DeviceGroup open;
      auto close = [&] {
        if (!open.nodes.empty()) out.push_back(open);
        open = {};
      };
      for (uint32_t i : group.nodes) {
        const Node& n = node(i);
        if (plan_.nodes[i].alias_of != kNoNode && !plan_.nodes[i].materialized) continue;
        const bool reduction = n.kind == NodeKind::kOp && is_last_axis_reduction(graph_, i);
        const bool elementwise = n.kind == NodeKind::kOp && n.op->elementwise &&
                                 find_elementwise_kernel(n.op->name) != nullptr;
        const Geometry g = geometry(reduction ? node(n.inputs[0]).type.shape : n.type.shape);
        bool strided = (elementwise || reduction) && n.inputs.size() <= 3;
        for (uint32_t in : n.inputs) strided = strided && operand(in, g, false).valid();
        if (!strided || (!open.nodes.empty() && Geometry{open.lead, open.cols} != g)) close();
        open.lead = g.lead;
        open.cols = g.cols;
        open.chunks = strided;
        open.nodes.push_back(i);
        if (!strided) close();
        if (strided || is_batch_wise(i)) continue;
        for (uint32_t in : n.inputs) {
          if (n.type.extent == Extent::kPerRow && once(base(in)) &&
              node(in).type.extent == Extent::kPerRow) {
            fills.insert(in);
          }
        }
      }
      close();
    }
    for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
      if (!once(i) || plan_.nodes[i].level != static_cast<int>(s)) continue;
      if (!is_op(i, "batch_sum") && !is_op(i, "outer_sum") && !is_op(i, "scatter_sum")) continue;
      for (uint32_t in : node(i).inputs) {
        if (once(in)) fills.insert(in);
      }
    }
    add_batch_fills(s, fills);
    for (const auto& [name, i] : graph_.outputs()) {
      const bool in_full = node(i).type.extent == Extent::kPerRow && once(i);
      if (in_full && std::max(plan_.nodes[i].level + 1, 0) == static_cast<int>(s)) fills.insert(i);
    }
    for (uint32_t i : fills) {
      const Geometry g = geometry(node(i).type.shape);
      out.insert(out.begin(), DeviceGroup{{i}, g.lead, g.cols, true, true, {}});
    }
  }
}

void Compiler::compile_outputs() {
  for (const auto& [name, i] : graph_.outputs()) {
    OutputPlace out;
    out.name = name;
    out.node = i;
    out.per_row = node(i).type.extent == Extent::kPerRow;
    out.row_size = value_count(node(i).type.shape);
    out.place = rows_place(i);
    p_.outputs.push_back(out);
  }
}

}  // namespace isthmus
