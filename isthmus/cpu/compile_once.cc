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
    if (n.kind != NodeKind::kOp || !n.op->elementwise || uses[value] != 1) continue;
    if (n.type.shape != node(a.state).type.shape) continue;
    if (in_place_is_safe(a.state, value)) in_place_[value] = a.state;
  }
}

void Compiler::compile_once_stage(const Stage& stage, OnceStageProgram& out) {
  for (const OnceGroup& group : stage.once) out.programs.push_back(compile_once_group(group));
  schedule(out);
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
  if (!group.nodes.empty()) {
    bool strided = true;
    for (uint32_t i : group.nodes) {
      for (uint32_t in : node(i).inputs) strided = strided && operand(in, g, true).valid();
    }
    if (!strided) {
      throw Error(ErrorCode::kImpossible,
                  "no cpu kernel for this broadcast of kOnce values of shape " +
                      shape_text(group.shape) + " (node " + std::to_string(group.nodes[0]) + ")",
                  "reshape the operands to two axes");
    }
    program.chunks = make_chunk_program(group.nodes, g, nullptr, tile_cols_for(group));
    for (const ChunkStep& s : p_.chunk_programs[static_cast<size_t>(program.chunks)].steps) {
      if (s.op == ChunkOp::kAdam || s.name == "lerp") {
        p_.chunk_programs[static_cast<size_t>(program.chunks)].cost = Cost::kOptimizer;
      }
    }
  }
  program.tile_cols = tile_cols_for(group);
  program.tile_rows = tile_rows_for(group, program);
  add_pack_ranges(group, program);
  const int64_t tile = program.tile_rows * program.tile_cols;
  const auto packs = static_cast<int64_t>(program.packs.size());
  program.cost_estimate = tile * (program.source == OnceSource::kOuterSum ? 40 + 10 * packs : 4);
  return program;
}

void Compiler::set_source(const OnceGroup& group, OnceProgram& program) {
  const uint32_t i = group.source;
  program.node = i;
  program.source_dst = p_.places[i];
  if (is_op(i, "outer_sum")) {
    program.source = OnceSource::kOuterSum;
  } else if (is_op(i, "batch_sum")) {
    program.source = OnceSource::kBatchSum;
    program.batch_sum = batch_sum(i);
  } else if (is_op(i, "sum_items") && node(i).type.extent == Extent::kOnce) {
    program.source = OnceSource::kSumAll;
    program.sum_src = p_.places[node(i).inputs[0]];
    program.sum_count = value_count(node(node(i).inputs[0]).type.shape);
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
                   p_.options.precision == Precision::kBF16 && g.cols > kWideTile &&
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
  if (program.source != OnceSource::kOuterSum) return g.lead;
  // About 16,000 values, in whole vectors of rows.
  const int64_t rows = round_up(std::max<int64_t>(1, kTileFloats / program.tile_cols), 16);
  const int64_t tiles = std::max<int64_t>(1, (g.lead + rows / 2) / rows);
  return std::min(g.lead, round_up((g.lead + tiles - 1) / tiles, 16));
}

/// The tile product of a sum over the batch, made when the tile height is known.
void Compiler::set_outer_sum(uint32_t i, OnceProgram& program) {
  const uint32_t x = node(i).inputs[0], dy = node(i).inputs[1];
  program.crossing_b = crossing(dy, false);
  const int64_t k = p_.panel_rows * geometry(node(x).type.shape).lead;
  MatmulSpec spec{.k = k};
  spec.bf16 = p_.options.precision == Precision::kBF16;
  if (sums_stored_input(i)) {
    program.input = input_index(base(x));
    spec.a_stride_m = Matmul::row_stride(k);
    p_.tile_halfs = std::max(p_.tile_halfs, program.tile_rows * spec.a_stride_m);
    p_.scratch_floats = std::max(p_.scratch_floats, program.tile_rows * 32);
  } else {
    program.crossing_a = crossing(x, true);
    spec.a_stride_m = p_.crossings[static_cast<size_t>(program.crossing_a)].row_stride;
  }
  spec.b_stride_k = program.cols;
  spec.c_stride_m = program.source_dst.row_stride;
  const int64_t rows[] = {program.tile_rows, program.rows % program.tile_rows};
  const int64_t cols[] = {program.tile_cols, program.cols % program.tile_cols};
  for (size_t r = 0; r < 2; ++r) {
    for (size_t c = 0; c < 2; ++c) {
      if (rows[r] == 0 || cols[c] == 0) continue;
      spec.m = rows[r];
      spec.n = cols[c];
      for (bool next : {false, true}) {
        spec.accumulate = next;
        if (!next || p_.num_panels > 1) program.matmuls[r][c][next ? 1 : 0] = add_matmul(spec);
      }
    }
  }
  if (program.source_dst.memory == Memory::kTile) {
    p_.tile_floats = std::max(p_.tile_floats, program.tile_rows * program.tile_cols);
  }
}

/// Weights that this group writes in place are packed again tile by tile; tiles are cut so that a
/// tile owns whole blocks of each packed copy.
void Compiler::add_pack_ranges(const OnceGroup& group, OnceProgram& program) {
  for (uint32_t i : group.nodes) {
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
  if (program.source == OnceSource::kOuterSum) set_outer_sum(program.node, program);
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
  for (const Assignment& a : graph_.assignments()) {
    const uint32_t value = base(a.value);
    const auto at = in_place_.find(value);
    if (at != in_place_.end() && at->second == a.state) continue;
    CommitCopy copy;
    copy.src = p_.places[value];
    copy.dst = p_.places[a.state];
    copy.count = value_count(node(a.state).type.shape);
    ISTHMUS_CHECK(copy.src.memory == Memory::kArena, "an assigned value lives in the arena");
    for (size_t k = 0; k < p_.packed.size(); ++k) {
      if (p_.packed[k].node == a.state) copy.packs.push_back(static_cast<int32_t>(k));
    }
    p_.commits.push_back(std::move(copy));
  }
}

}  // namespace isthmus
