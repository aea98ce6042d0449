// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/cut.h"

#include <algorithm>

#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {
namespace {

constexpr int64_t kTileFloats = 16'384;  // 64 KiB of gradient

const Stage& stage_of(const Plan& plan, int level) {
  return level < 0 ? plan.prologue : plan.stages[static_cast<size_t>(level)];
}

bool contains(const std::vector<uint32_t>& nodes, uint32_t i) {
  return std::find(nodes.begin(), nodes.end(), i) != nodes.end();
}

bool in_one_group(const Stage& stage, uint32_t a, uint32_t b) {
  return std::all_of(stage.once.begin(), stage.once.end(), [&](const OnceGroup& g) {
    return contains(g.nodes, a) == contains(g.nodes, b);
  });
}

/// `value` may be written over `state` while the step runs if everyone who reads the old state has
/// read it by then: row stages up to this one, earlier sublevels, and earlier nodes of its group.
bool is_safe(const Uses& u, const std::map<uint32_t, OncePosition>& positions, uint32_t state,
             uint32_t value) {
  const auto at = positions.find(value);
  if (at == positions.end() || u.output[state]) return false;
  // Another assignment that gives the old state away reads it when the step ends.
  for (const Assignment& a : u.graph.assignments()) {
    if (u.base[a.value] == state) return false;
  }
  const OncePosition here = at->second;
  for (uint32_t r : u.readers[state]) {
    if (!u.once(r)) {
      if (u.level(r) > here.first) return false;
      continue;
    }
    const auto reader = positions.find(r);
    if (reader == positions.end() || reader->second > here) return false;
    if (reader->second < here || r == value) continue;
    if (r > value || !in_one_group(stage_of(u.plan, here.first), value, r)) return false;
  }
  return here.first >= 0;
}

/// A wide sum of packed products is cut along its columns, at whole strips: a tile then reads a
/// part of the second factor once, instead of all of it for a few rows.
int64_t tile_cols_of(const Uses& u, const Forms& f, const OnceGroup& group) {
  const Geometry g = geometry(group.shape);
  const bool cut = group.source != kNoNode && f.work[group.source] == Work::kBatchProducts &&
                   f.precision == Precision::kBF16 && g.cols > kWideTile &&
                   std::all_of(group.nodes.begin(), group.nodes.end(),
                               [&](uint32_t i) { return u.node(i).op->elementwise; });
  if (!cut) return g.cols;
  const int64_t tiles = (g.cols + 64) / 128;
  return round_up((g.cols + tiles - 1) / tiles, kBf16Strip);
}

/// About 16,000 values, in whole vectors of rows.
int64_t tile_rows_of(const Forms& f, const OnceGroup& group, int64_t tile_cols) {
  const Geometry g = geometry(group.shape);
  if (group.source == kNoNode) {
    return std::clamp<int64_t>(kTileFloats / std::max<int64_t>(g.cols, 1), 1, g.lead);
  }
  const int64_t rows = round_up(std::max<int64_t>(1, kTileFloats / tile_cols), 16);
  switch (f.work[group.source]) {
    case Work::kProduct:  // tiles as large, but enough of them for many threads
      return std::min({g.lead, rows, round_up((g.lead + 7) / 8, 16)});
    case Work::kBatchProducts:
    case Work::kParts: {
      const int64_t tiles = std::max<int64_t>(1, (g.lead + rows / 2) / rows);
      return std::min(g.lead, round_up((g.lead + tiles - 1) / tiles, 16));
    }
    default:
      return g.lead;
  }
}

/// Weights that a group writes in place are packed again tile by tile; tiles are cut so that a tile
/// owns whole blocks of each packed copy.
void add_packs(const Uses& u, const Forms& f, const std::map<uint32_t, uint32_t>& in_place,
               const OnceGroup& group, TileShape& tile) {
  const int64_t rows = geometry(group.shape).lead;
  for (uint32_t i : chunk_nodes(u, group)) {
    const auto state = in_place.find(i);
    if (state == in_place.end()) continue;
    for (size_t k = 0; k < f.packed.size(); ++k) {
      if (f.packed[k].weight != state->second) continue;
      tile.packs.push_back(static_cast<int32_t>(k));
      const int64_t step = f.packed[k].transposed ? kBf16Strip : 2;
      tile.rows = std::min(rows, round_up(tile.rows, step));
    }
  }
}

}  // namespace

std::map<uint32_t, uint32_t> find_in_place(const Uses& u, const Forms& f,
                                           const std::map<uint32_t, OncePosition>& positions) {
  std::map<uint32_t, uint32_t> found;
  std::map<uint32_t, int> uses;
  for (const Assignment& a : u.graph.assignments()) ++uses[u.base[a.value]];
  for (const Assignment& a : u.graph.assignments()) {
    const uint32_t value = u.base[a.value];
    const Node& n = u.node(value);
    if (n.kind != NodeKind::kOp || uses[value] != 1) continue;
    // Rows put into a state that nobody else reads: the other rows lie where they belong.
    const bool replaces = f.work[value] == Work::kReplaceRows && n.inputs[0] == a.state &&
                          u.readers[a.state] == std::vector<uint32_t>{value};
    if (!n.op->elementwise && !replaces) continue;
    if (n.type.shape != u.node(a.state).type.shape) continue;
    if (is_safe(u, positions, a.state, value)) found[value] = a.state;
  }
  return found;
}

std::vector<std::vector<TileShape>> cut_tiles(const Uses& u, const Forms& f,
                                              const std::map<uint32_t, uint32_t>& in_place) {
  std::vector<std::vector<TileShape>> tiles;
  for (int level = -1; level < static_cast<int>(u.plan.stages.size()); ++level) {
    std::vector<TileShape>& of_stage = tiles.emplace_back();
    for (const OnceGroup& group : stage_of(u.plan, level).once) {
      TileShape tile;
      if (!group.scalar64) {
        tile.cols = tile_cols_of(u, f, group);
        tile.rows = tile_rows_of(f, group, tile.cols);
        add_packs(u, f, in_place, group, tile);
      }
      of_stage.push_back(std::move(tile));
    }
  }
  return tiles;
}

std::vector<uint32_t> chunk_nodes(const Uses& uses, const OnceGroup& group) {
  std::vector<uint32_t> nodes = group.nodes;
  if (group.source != kNoNode && uses.node(group.source).op->elementwise) {
    nodes.insert(nodes.begin(), group.source);
  }
  return nodes;
}

}  // namespace isthmus
