// SPDX-License-Identifier: Apache-2.0
// From a graph to a program for this processor: block sizes, row groups, then the passes of the
// other compile files. Runs once per executor; what it decides depends on graph, batch size and
// precision alone, except the thread cuts at the very end.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {
namespace {

/// Of the L2 cache, for the values that one pass goes over.
constexpr int64_t kWidestBytes = 768 << 10;

}  // namespace

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
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) has_windows_ |= is_windows(i);
  choose_block_shape();
  find_readers();
  split_row_groups();
  cut_runs();
  find_once_positions();
  compile_assignments_in_place();
  place_all();
  p_.row_stages.resize(plan_.stages.size());
  p_.once_stages.resize(plan_.stages.size());
  for (size_t s = 0; s < plan_.stages.size(); ++s) compile_row_stage(s);
  compile_once_stage(plan_.prologue, p_.prologue);
  for (size_t s = 0; s < plan_.stages.size(); ++s) {
    compile_once_stage(plan_.stages[s], p_.once_stages[s]);
  }
  attach_packs();
  compile_commits();
  compile_outputs();
  for (const Matmul& m : p_.matmuls) {
    p_.gemm_scratch_bytes = std::max(p_.gemm_scratch_bytes, m.scratch_bytes());
  }
}

/// Where kOnce values are made, and which of their operands must be written out.
void Compiler::find_once_positions() {
  for (int level = -1; level < static_cast<int>(plan_.stages.size()); ++level) {
    const Stage& stage = level < 0 ? plan_.prologue : plan_.stages[static_cast<size_t>(level)];
    for (const OnceGroup& g : stage.once) {
      for (uint32_t i : g.nodes) once_position_[i] = {level, g.sublevel};
      if (g.source == kNoNode) continue;
      once_position_[g.source] = {level, g.sublevel};
      if (node(g.source).op->elementwise) find_expansions(g.source, geometry(g.shape));
    }
  }
}

/// Items per block: 64, fewer of a small batch. Values with leading axes (draws, components) make
/// an item large; then as many as keep the widest of them in the L2 cache. Products of the values
/// without such axes get slow with few rows, so no less than that. In graphs with windows large
/// values go through the block in passes instead (cut_runs).
void Compiler::choose_block_shape() {
  int64_t lead = 1, widest = 1;
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    // An input is loaded flat, a view moves nothing: their axes cost no rows.
    const bool moves = node(i).kind != NodeKind::kInput && base(i) == i;
    if (once(i) || !moves) continue;
    const Geometry g = geometry(node(i).type.shape);
    lead = std::max(lead, g.lead);
    widest = std::max(widest, g.lead * g.cols);
  }
  const int64_t rows = p_.options.max_rows;
  int64_t block = 64;
  if (rows < 8 * 64) block = 32;
  if (rows < 2 * 32) block = 16;
  block = std::min(block, rows);
  if (lead > 1 && !has_windows_) {
    block = std::min(block, std::max<int64_t>(1, kWidestBytes / 4 / widest));
    if (block > 32) block = block / 32 * 32;  // whole chunks
  }
  // bf16 keeps two rows of the batch in one pair: a pair must not belong to two blocks.
  if (p_.options.precision == Precision::kBF16) block = (block + 1) / 2 * 2;
  p_.shape.block_rows = block;
  p_.shape.max_rows = rows;
  p_.shape.num_blocks = (rows + block - 1) / block;
  p_.shape.chunk_rows = std::min<int64_t>(32, block);
  choose_parts();
  // Panels of sums over the batch: whole blocks, about 512 rows of the longest value.
  const int64_t panel_blocks = std::max<int64_t>(1, 512 / (block * product_lead()));
  const int64_t blocks = std::min(panel_blocks, p_.shape.num_blocks);
  p_.num_panels = (p_.shape.num_blocks + blocks - 1) / blocks;
  p_.panel_rows = blocks * block;
}

/// The most rows per item that a sum of products over the batch reads.
int64_t Compiler::product_lead() const {
  int64_t lead = 1;
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    if (!is_op(i, "outer_sum") || is_in_parts(i)) continue;
    lead = std::max(lead, geometry(node(node(i).inputs[0]).type.shape).lead);
  }
  return lead;
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

/// Marks the operands that an elementwise node cannot read where they lie; true if there are any.
bool Compiler::find_expansions(uint32_t i, const Geometry& g) {
  bool any = false;
  for (uint32_t in : node(i).inputs) {
    if (operand(in, g, once(i)).valid()) continue;
    expanded_[{i, in}] = {Memory::kBlock, 0, g.cols};
    any = true;
  }
  return any;
}

/// Cuts a group of the plan where a node does not run in chunks, or needs an operand written out.
std::vector<DeviceGroup> Compiler::split_row_group(const RowGroup& group,
                                                   std::set<uint32_t>& fills) {
  std::vector<DeviceGroup> out;
  DeviceGroup open;
  const auto close = [&] {
    if (!open.nodes.empty()) out.push_back(open);
    open = {};
  };
  for (uint32_t i : group.nodes) {
    const Node& n = node(i);
    if (plan_.nodes[i].alias_of != kNoNode && !plan_.nodes[i].materialized) continue;
    const bool reduction = n.kind == NodeKind::kOp && is_last_axis_reduction(graph_, i);
    const bool elementwise = n.kind == NodeKind::kOp && n.op->elementwise && n.inputs.size() <= 3 &&
                             find_elementwise_kernel(n.op->name) != nullptr;
    const Geometry g = geometry(reduction ? node(n.inputs[0]).type.shape : n.type.shape);
    const bool chunks = elementwise || (reduction && line_operand(n.inputs[0], g).valid());
    const bool expands = elementwise && find_expansions(i, g);
    if (!chunks || expands || Geometry{open.lead, open.cols} != g) close();
    for (uint32_t in : n.inputs) {
      if (expands && is_expanded(i, in)) out.push_back({.expand = in, .expand_for = i});
    }
    open.lead = g.lead;
    open.cols = g.cols;
    open.chunks = chunks;
    open.nodes.push_back(i);
    if (chunks) continue;
    close();
    if (is_moves(i) || is_reduction(i) || is_batch_wise(i))
      continue;  // read uniform values where they were made
    for (uint32_t in : n.inputs) {
      if (n.type.extent == Extent::kPerRow && once(base(in)) &&
          node(in).type.extent == Extent::kPerRow) {
        fills.insert(in);
      }
    }
  }
  close();
  return out;
}

/// The plan's groups as this device runs them, and the fills of uniform values.
void Compiler::split_row_groups() {
  row_groups_.resize(plan_.stages.size());
  for (size_t s = 0; s < plan_.stages.size(); ++s) {
    std::set<uint32_t> fills;
    for (const RowGroup& group : plan_.stages[s].rows) {
      for (DeviceGroup& part : split_row_group(group, fills)) {
        row_groups_[s].push_back(std::move(part));
      }
    }
    add_fills(s, std::move(fills));
  }
}

void Compiler::add_fills(size_t stage, std::set<uint32_t> fills) {
  add_batch_fills(stage, fills);
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    if (!once(i) || plan_.nodes[i].level != static_cast<int>(stage)) continue;
    if (node(i).kind != NodeKind::kOp || node(i).op->rows != RowUse::kBatchSum) continue;
    for (uint32_t in : node(i).inputs) {
      if (once(in) && node(in).type.extent == Extent::kPerRow) fills.insert(in);
    }
  }
  for (const auto& [name, i] : graph_.outputs()) {
    const bool in_full = node(i).type.extent == Extent::kPerRow && once(i);
    if (in_full && std::max(plan_.nodes[i].level + 1, 0) == static_cast<int>(stage)) {
      fills.insert(i);
    }
  }
  auto& out = row_groups_[stage];
  for (uint32_t i : fills) {
    const Geometry g = geometry(node(i).type.shape);
    out.insert(out.begin(), DeviceGroup{{i}, g.lead, g.cols, true, true});
  }
}

/// Values that a group reads and writes, per item.
int64_t Compiler::group_floats(const DeviceGroup& group) const {
  std::set<uint32_t> values;
  for (uint32_t i : group.nodes) {
    values.insert(i);
    for (uint32_t in : node(i).inputs) values.insert(base(in));
    for (uint32_t r : readers_[i]) {
      if (is_in_parts(r) && last_factor(r) == i) values.insert(base(node(r).inputs[0]));
    }
  }
  int64_t floats = 0;
  for (uint32_t i : values) {
    if (!once(i)) floats += value_count(node(i).type.shape);
  }
  return floats;
}

/// Neighbouring groups whose values of a whole block do not fit the cache pass over fewer items at
/// a time: the largest power of two that fits for each of them. Everything else goes over whole
/// blocks, so that products with large weights have many rows.
void Compiler::cut_runs() {
  const int64_t block = p_.shape.block_rows;
  for (const auto& groups : row_groups_) {
    for (size_t k = 0; k < groups.size(); ++k) {
      for (uint32_t i : groups[k].nodes) position_[i] = k;
    }
  }
  for (const auto& groups : row_groups_) {
    std::vector<GroupRun> runs;
    for (size_t k = 0; k < groups.size(); ++k) {
      int64_t items = block;
      const int64_t most = kWidestBytes / 4 / std::max<int64_t>(1, group_floats(groups[k]));
      if (has_windows_ && most < block && block % 2 == 0) {
        const int64_t least = p_.options.precision == Precision::kBF16 ? 2 : 1;  // pairs of rows
        while (items % 2 == 0 && items > std::max(most, least)) items /= 2;
      }
      const bool joins = !runs.empty() && (runs.back().items < block) == (items < block);
      if (!joins) runs.push_back({k, k, items});
      runs.back().end = k + 1;
      runs.back().items = std::min(runs.back().items, items);
    }
    for (const GroupRun& run : runs) {
      for (size_t k = run.first; k < run.end; ++k) {
        for (uint32_t i : groups[k].nodes) items_[i] = run.items;
      }
    }
    runs_.push_back(std::move(runs));
  }
}

/// Operands of kOnce products that no leaf holds are packed behind the tasks that make them.
void Compiler::attach_packs() {
  for (size_t k = 0; k < p_.packed.size(); ++k) {
    if (p_.packed[k].leaf) continue;
    const auto made = once_position_.find(base(p_.packed[k].node));
    if (made == once_position_.end()) {
      p_.prologue.packs.push_back(static_cast<int32_t>(k));
      continue;
    }
    const auto [level, sublevel] = made->second;
    OnceStageProgram& stage = level < 0 ? p_.prologue : p_.once_stages[static_cast<size_t>(level)];
    stage.levels[static_cast<size_t>(sublevel)].packs.push_back(static_cast<int32_t>(k));
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
