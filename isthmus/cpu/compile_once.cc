// SPDX-License-Identifier: Apache-2.0
// Once stages: sums over the batch tile by tile, the optimizer behind each tile, scalars, and what
// an assignment writes. Tiles follow from shapes alone; threads only decide who runs which.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {
namespace {

constexpr int64_t kTileFloats = 16'384;  // 64 KiB of gradient
constexpr int64_t kSerialCost = 60'000;  // below this many operations a barrier costs more

}  // namespace

/// `value` may be written over `state` while the step runs if everyone who reads the old state has
/// read it by then: row stages up to this one, earlier sublevels, and earlier nodes of its group.
bool Compiler::in_place_is_safe(uint32_t state, uint32_t value) const {
  const auto at = once_position_.find(value);
  if (at == once_position_.end() || is_output(state)) return false;
  // Another assignment that gives the old state away reads it when the step ends.
  for (const Assignment& a : graph_.assignments()) {
    if (base(a.value) == state) return false;
  }
  const auto [level, sublevel] = at->second;
  for (uint32_t r : readers_[state]) {
    if (!once(r)) {
      if (plan_.nodes[r].level > level) return false;
      continue;
    }
    const auto reader = once_position_.find(r);
    if (reader == once_position_.end()) return false;
    if (reader->second > at->second) return false;
    if (reader->second == at->second && r > value) return false;
    if (reader->second == at->second && r != value) {
      // Same sublevel: it must be the same group.
      const auto& stage = level < 0 ? plan_.prologue : plan_.stages[static_cast<size_t>(level)];
      for (const OnceGroup& g : stage.once) {
        const bool has_value = std::find(g.nodes.begin(), g.nodes.end(), value) != g.nodes.end();
        const bool has_reader = std::find(g.nodes.begin(), g.nodes.end(), r) != g.nodes.end();
        if (has_value != has_reader) return false;
      }
    }
  }
  return level >= 0;
}

void Compiler::compile_assignments_in_place() {
  std::map<uint32_t, int> uses;
  for (const Assignment& a : graph_.assignments()) ++uses[base(a.value)];
  for (const Assignment& a : graph_.assignments()) {
    const uint32_t value = base(a.value);
    const Node& n = node(value);
    if (n.kind != NodeKind::kOp || uses[value] != 1) continue;
    // Rows put into a state that nobody else reads: the other rows lie where they belong.
    const bool replaces = n.op->name == "replace_rows" && n.inputs[0] == a.state &&
                          readers_[a.state] == std::vector<uint32_t>{value};
    if (!n.op->elementwise && !replaces) continue;
    if (n.type.shape != node(a.state).type.shape) continue;
    if (in_place_is_safe(a.state, value)) in_place_[value] = a.state;
  }
}

void Compiler::compile_once_stage(const Stage& stage, OnceStageProgram& out) {
  for (const OnceGroup& group : stage.once) out.programs.push_back(compile_once_group(group));
  schedule(out);
}

/// What the chunks of a group compute: its source, too, if that is elementwise.
std::vector<uint32_t> Compiler::chunk_nodes(const OnceGroup& group) const {
  std::vector<uint32_t> nodes = group.nodes;
  if (group.source != kNoNode && node(group.source).op->elementwise) {
    nodes.insert(nodes.begin(), group.source);
  }
  return nodes;
}

OnceProgram Compiler::compile_once_group(const OnceGroup& group) {
  OnceProgram program;
  const Geometry g = geometry(group.shape);
  program.rows = g.lead;
  program.cols = g.cols;
  program.sublevel = group.sublevel;
  if (group.scalar64) {
    program.source = OnceSource::kScalar;
    program.node = group.nodes[0];
    program.reference = make_reference(program.node, 1, p_.places[program.node]);
    return program;
  }
  if (group.source != kNoNode) set_source(group, program);
  const std::vector<uint32_t> nodes = chunk_nodes(group);
  if (!nodes.empty()) {
    program.chunks = make_chunk_program(nodes, g, nullptr, tile_cols_for(group));
    for (const ChunkStep& s : p_.chunk_programs[static_cast<size_t>(program.chunks)].steps) {
      if (s.op == ChunkOp::kAdam || s.name == "lerp") {
        p_.chunk_programs[static_cast<size_t>(program.chunks)].cost = Cost::kOptimizer;
      }
    }
  }
  program.tile_cols = tile_cols_for(group);
  program.tile_rows = tile_rows_for(group, program);
  add_pack_ranges(group, program);
  if (program.source == OnceSource::kOuterSum) set_outer_sum(program.node, program);
  if (program.source == OnceSource::kMatmul) set_matmul(program.node, program);
  if (program.source == OnceSource::kParts && program.source_dst.memory == Memory::kTile) {
    p_.tile_floats = std::max(p_.tile_floats, program.tile_rows * program.tile_cols);
  }
  const int64_t tile = program.tile_rows * program.tile_cols;
  const auto packs = static_cast<int64_t>(program.packs.size());
  int64_t each = 4;  // per value of the tile
  if (program.source == OnceSource::kOuterSum) each = 40 + 10 * packs;
  if (program.source == OnceSource::kParts) each = 4 + p_.shape.num_parts() + 10 * packs;
  if (program.source == OnceSource::kMatmul) each = 4 + program.product.num_k / 12;
  if (program.source == OnceSource::kReplaceRows) each = 1;
  program.cost_estimate = tile * each;
  return program;
}

ScatterSum Compiler::scatter_of(uint32_t index, uint32_t rows, const OnceProgram& to) const {
  const Place &from = rows_place(index), &values = rows_place(rows);
  const Shape& axes = node(index).type.shape;
  return {.index = from,
          .rows = values,
          .num_entries = to.rows,
          .width = to.cols,
          .per_item = value_count(axes),
          .index_item = from.row_stride * geometry(axes).lead,
          .row_step = values.row_stride};
}

void Compiler::set_source(const OnceGroup& group, OnceProgram& program) {
  const uint32_t i = group.source;
  program.node = i;
  program.source_dst = p_.places[i];
  if (is_in_parts(i)) {
    program.source = OnceSource::kParts;
    program.part_sum = part_sum(i);
  } else if (is_op(i, "outer_sum")) {
    program.source = OnceSource::kOuterSum;
  } else if (is_op(i, "batch_sum")) {
    program.source = OnceSource::kBatchSum;
    program.batch_sum = batch_sum(i);
  } else if (is_op(i, "matmul")) {
    program.source = OnceSource::kMatmul;
  } else if (is_op(i, "scatter_sum")) {
    program.source = OnceSource::kScatterSum;
    program.scatter = scatter_of(node(i).inputs[0], node(i).inputs[1], program);
  } else if (is_op(i, "replace_rows")) {
    program.source = OnceSource::kReplaceRows;
    program.scatter = scatter_of(node(i).inputs[1], node(i).inputs[2], program);
    program.scatter.table = p_.places[node(i).inputs[0]];
    ISTHMUS_CHECK(program.scatter.table.memory == Memory::kArena &&
                      program.scatter.table.row_stride == program.cols,
                  "the rows of the table follow each other");
  } else if (is_op(i, "sum_items") && node(i).type.extent == Extent::kOnce) {
    program.source = OnceSource::kSumAll;
    program.sum_src = p_.places[node(i).inputs[0]];
    program.sum_count = value_count(node(node(i).inputs[0]).type.shape);
  } else if (is_reduction(i)) {
    program.source = OnceSource::kReduce;
    program.reduction = static_cast<int32_t>(p_.reductions.size());
    p_.reductions.push_back(reduction_of(i));
  } else if (is_windows(i)) {
    program.source = OnceSource::kWindows;
    program.windows = add_windows(i);
  } else if (is_moves(i) || node(i).op->elementwise) {
    program.source = OnceSource::kMoves;
    std::vector<Move> moves;
    if (is_moves(i)) moves = moves_of(i);
    for (uint32_t in : node(i).inputs) {
      if (is_expanded(i, in)) moves.push_back(expansion(i, in));
    }
    program.moves = add_moves(std::move(moves));
  } else {
    program.source = OnceSource::kReference;
    const bool over_rows = node(i).op->rows == RowUse::kBatchSum;
    program.reference = make_reference(i, over_rows ? p_.shape.padded_rows() : 1, p_.places[i]);
  }
}

/// A wide sum of packed products is cut along its columns, at whole strips: a tile then reads a
/// part of the second factor once, instead of all of it for a few rows.
int64_t Compiler::tile_cols_for(const OnceGroup& group) {
  const Geometry g = geometry(group.shape);
  const bool cut = group.source != kNoNode && is_op(group.source, "outer_sum") &&
                   !is_in_parts(group.source) && p_.options.precision == Precision::kBF16 &&
                   g.cols > kWideTile &&
                   std::all_of(group.nodes.begin(), group.nodes.end(),
                               [&](uint32_t i) { return node(i).op->elementwise; });
  if (!cut) return g.cols;
  const int64_t tiles = (g.cols + 64) / 128;
  return round_up((g.cols + tiles - 1) / tiles, kBf16Strip);
}

int64_t Compiler::tile_rows_for(const OnceGroup& group, const OnceProgram& program) const {
  const Geometry g = geometry(group.shape);
  if (program.source == OnceSource::kNone) {
    return std::clamp<int64_t>(kTileFloats / std::max<int64_t>(g.cols, 1), 1, g.lead);
  }
  if (program.source == OnceSource::kMatmul) {
    // Tiles as large, but enough of them for many threads.
    const int64_t rows = round_up(std::max<int64_t>(1, kTileFloats / program.tile_cols), 16);
    return std::min({g.lead, rows, round_up((g.lead + 7) / 8, 16)});
  }
  if (program.source != OnceSource::kOuterSum && program.source != OnceSource::kParts) {
    return g.lead;
  }
  // About 16,000 values, in whole vectors of rows.
  const int64_t rows = round_up(std::max<int64_t>(1, kTileFloats / program.tile_cols), 16);
  const int64_t tiles = std::max<int64_t>(1, (g.lead + rows / 2) / rows);
  return std::min(g.lead, round_up((g.lead + tiles - 1) / tiles, 16));
}

/// Weights that this group writes in place are packed again tile by tile; tiles are cut so that a
/// tile owns whole blocks of each packed copy.
void Compiler::add_pack_ranges(const OnceGroup& group, OnceProgram& program) {
  for (uint32_t i : chunk_nodes(group)) {
    const auto state = in_place_.find(i);
    if (state == in_place_.end()) continue;
    for (size_t k = 0; k < p_.packed.size(); ++k) {
      const PackedWeight& w = p_.packed[k];
      if (w.node != state->second) continue;
      program.packs.push_back({static_cast<int32_t>(k)});
      const int64_t step = w.transposed ? w.packing.block_n : 2;
      program.tile_rows = std::min(program.rows, round_up(program.tile_rows, step));
    }
  }
}

void Compiler::schedule(OnceStageProgram& stage) {
  int levels = 0;
  for (const OnceProgram& g : stage.programs) levels = std::max(levels, g.sublevel + 1);
  for (int level = 0; level < levels; ++level) {
    OnceLevel out;
    std::vector<int64_t> costs;
    for (size_t k = 0; k < stage.programs.size(); ++k) {
      const OnceProgram& g = stage.programs[k];
      if (g.sublevel != level) continue;
      for (int64_t row = 0; row < std::max<int64_t>(g.rows, 1); row += g.tile_rows) {
        for (int64_t col = 0; col < std::max<int64_t>(g.cols, 1); col += g.tile_cols) {
          const Rectangle tile{row, std::min(g.rows, row + g.tile_rows), col,
                               std::min(g.cols, col + g.tile_cols)};
          const int64_t whole = std::max<int64_t>(1, g.tile_rows * g.tile_cols);
          out.tasks.push_back({static_cast<int32_t>(k), tile});
          costs.push_back(100 + g.cost_estimate * tile.rows() * tile.cols() / whole);
        }
      }
    }
    int64_t total = 0;
    for (int64_t c : costs) total += c;
    out.serial = total < kSerialCost || p_.num_threads == 1;
    out.cuts.push_back(0);
    int64_t sum = 0;
    for (size_t k = 0; k < costs.size(); ++k) {
      // Cut where the running sum passes the next share, at the nearer side.
      const int64_t share = total * static_cast<int64_t>(out.cuts.size()) / p_.num_threads;
      if (static_cast<int>(out.cuts.size()) < p_.num_threads && sum + costs[k] / 2 >= share) {
        out.cuts.push_back(static_cast<int64_t>(k));
      }
      sum += costs[k];
    }
    while (static_cast<int>(out.cuts.size()) <= p_.num_threads) {
      out.cuts.push_back(static_cast<int64_t>(costs.size()));
    }
    stage.levels.push_back(std::move(out));
  }
}

void Compiler::compile_commits() {
  std::vector<CommitCopy> copies;
  for (const Assignment& a : graph_.assignments()) {
    const uint32_t value = base(a.value);
    const auto at = in_place_.find(value);
    if (at != in_place_.end() && at->second == a.state) continue;
    CommitCopy copy;
    copy.src = p_.places[value];
    copy.dst = p_.places[a.state];
    copy.count = value_count(node(a.state).type.shape);
    ISTHMUS_CHECK(copy.src.memory == Memory::kArena, "an assigned value lives in the arena");
    if (node(value).kind == NodeKind::kParameter || node(value).kind == NodeKind::kState) {
      // The old value of a state that may be assigned itself (a swap): put aside first.
      const Place aside = {Memory::kArena, allocate_arena(copy.count), copy.src.row_stride};
      p_.commits.push_back({copy.src, aside, copy.count, {}});
      copy.src = aside;
    }
    for (size_t k = 0; k < p_.packed.size(); ++k) {
      if (p_.packed[k].node == a.state) copy.packs.push_back(static_cast<int32_t>(k));
    }
    copies.push_back(std::move(copy));
  }
  p_.commits.insert(p_.commits.end(), copies.begin(), copies.end());
}

}  // namespace isthmus
