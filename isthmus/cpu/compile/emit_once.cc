// SPDX-License-Identifier: Apache-2.0
// Once stages: the source of each group tile by tile, the elementwise steps and the optimizer
// behind it, and who runs which tile. Threads only decide that.
#include <algorithm>

#include "isthmus/cpu/compile/cut.h"
#include "isthmus/cpu/compile/emit.h"

namespace isthmus {
namespace {

constexpr int64_t kSerialCost = 60'000;  // below this many operations a barrier costs more

class OnceEmitter {
 public:
  OnceEmitter(Emission& e, const OnceGroup& group, const TileShape& tile)
      : e_(e), u_(e.uses), m_(e.memory), group_(group), tile_(tile) {}

  OnceProgram run() && {
    const Geometry g = geometry(group_.shape);
    p_.rows = g.lead;
    p_.cols = g.cols;
    p_.tile_rows = tile_.rows;
    p_.tile_cols = tile_.cols;
    p_.packs = tile_.packs;
    p_.sublevel = group_.sublevel;
    if (group_.scalar64) {
      p_.node = group_.nodes[0];
      p_.source = ScalarStep{add_reference(e_, p_.node, 1).index};
      return std::move(p_);
    }
    if (group_.source != kNoNode) set_source(group_.source);
    const std::vector<uint32_t> nodes = chunk_nodes(u_, group_);
    if (!nodes.empty()) p_.chunks = make_chunks(e_, nodes, g, nullptr, tile_.cols);
    p_.cost_estimate = tile_.rows * tile_.cols * cost_per_value();
    if (p_.source_dst.memory == Memory::kTile) {
      int64_t& floats = e_.program.memory.tile_floats;
      floats = std::max(floats, tile_.rows * tile_.cols);
    }
    return std::move(p_);
  }

 private:
  int64_t cost_per_value() const {
    if (group_.source == kNoNode) return 4;
    const auto packs = static_cast<int64_t>(p_.packs.size());
    switch (e_.forms.work[group_.source]) {
      case Work::kBatchProducts:
        return 40 + 10 * packs;
      case Work::kParts:
        return 4 + e_.groups.shape.num_parts() + 10 * packs;
      case Work::kProduct:
        return 4 + std::get<OnceProduct>(p_.source).num_k / 12;
      case Work::kReplaceRows:
        return 1;
      default:
        return 4;
    }
  }

  void set_source(uint32_t i) {
    const Node& n = u_.node(i);
    p_.node = i;
    p_.source_dst = m_.place(i);
    switch (e_.forms.work[i]) {
      case Work::kParts:
        p_.source = sum_of_parts(i);
        return;
      case Work::kBatchProducts:
        p_.source = outer_sum(i);
        return;
      case Work::kBatchSum:
        p_.source = TreeSum{m_.batch_sums.at(i)};
        return;
      case Work::kProduct:
        p_.source = product(i);
        return;
      case Work::kScatterSum:
        p_.source = ScatterSource{scatter_of(e_, n.inputs[0], n.inputs[1], i), false};
        return;
      case Work::kReplaceRows:
        p_.source = ScatterSource{replaced_rows(n), true};
        return;
      case Work::kReduction:
        if (n.op->reduces == Reduces::kAllAxes) {
          p_.source = SumAll{m_.place(n.inputs[0]), u_.values_of(n.inputs[0])};
        } else {
          p_.source = reduction_of(e_, i);
        }
        return;
      case Work::kWindows:
        p_.source = windows_of(e_, i);
        return;
      case Work::kMoves:
        p_.source = moves_of(e_, i);
        return;
      case Work::kChunk:
        p_.source = written_operands(i);
        return;
      default: {
        const bool over_rows = n.op->rows == RowUse::kBatchSum;
        p_.source = add_reference(e_, i, over_rows ? e_.groups.shape.padded_rows() : 1);
      }
    }
  }

  SumOfParts sum_of_parts(uint32_t i) {
    const SumOfParts sum{m_.part_sums.at(i)};
    int64_t& scratch = e_.program.memory.scratch_floats;
    const bool transposed = m_.layout.part_sums[static_cast<size_t>(sum.part_sum)].transposed;
    if (transposed) scratch = std::max(scratch, tile_.rows * p_.cols);
    return sum;
  }

  ScatterSum replaced_rows(const Node& n) const {
    const ScatterSum scatter = scatter_of(e_, n.inputs[1], n.inputs[2], n.inputs[0]);
    ISTHMUS_CHECK(scatter.table.memory == Memory::kArena && scatter.table.row_stride == p_.cols,
                  "the rows of the table follow each other");
    return scatter;
  }

  Moves written_operands(uint32_t i) const {
    Moves moves;
    for (uint32_t in : u_.node(i).inputs) {
      if (!e_.forms.is_expanded(i, in)) continue;
      for (const Move& move : expansion(e_, i, in)) moves.push_back(move);
    }
    return moves;
  }

  OuterSum outer_sum(uint32_t i) {
    const uint32_t x = u_.node(i).inputs[0], dy = u_.node(i).inputs[1];
    MemoryLayout& layout = e_.program.memory;
    OuterSum sum{.kept_b = m_.kept.at({dy, false})};
    MatmulSpec spec{.k = e_.groups.panel_rows * u_.shape_of(x).lead};
    spec.bf16 = e_.forms.precision == Precision::kBF16;
    if (sums_stored_input(u_, e_.forms, i)) {
      sum.input = input_index(e_.program, u_.base[x]);
      spec.a_stride_m = Matmul::row_stride(spec.k);
      layout.tile_halfs = std::max(layout.tile_halfs, tile_.rows * spec.a_stride_m);
      layout.scratch_floats = std::max(layout.scratch_floats, tile_.rows * 32);
    } else {
      sum.kept_a = m_.kept.at({x, true});
      spec.a_stride_m = m_.layout.kept[static_cast<size_t>(sum.kept_a)].row_stride;
    }
    spec.b_stride_k = p_.cols;
    sum.products = tile_products(spec, e_.groups.num_panels);
    return sum;
  }

  /// bf16 rounds the rows of the first factor tile by tile and packs the second behind the tasks
  /// that make it.
  OnceProduct product(uint32_t i) {
    const Node& n = u_.node(i);
    const uint32_t a = n.inputs[0], b = n.inputs[1];
    const bool b_transposed = n.attrs.integer("transpose_b", 0) != 0;
    OnceProduct product{.a = m_.place(a), .b = m_.place(b)};
    product.a_transposed = n.attrs.integer("transpose_a", 0) != 0;
    product.num_k = u_.node(a).type.shape[product.a_transposed ? 0 : 1];
    MatmulSpec spec{.k = product.num_k};
    if (e_.forms.precision == Precision::kBF16) {
      spec.bf16 = true;
      spec.a_stride_m = Matmul::row_stride(spec.k);
      product.weight = m_.packed(packed_form(u_, b, b_transposed));
      int64_t& halfs = e_.program.memory.tile_halfs;
      halfs = std::max(halfs, tile_.rows * spec.a_stride_m);
    } else {
      spec.a_stride_m = product.a_transposed ? 1 : product.a.row_stride;
      spec.a_stride_k = product.a_transposed ? product.a.row_stride : 1;
      spec.b_stride_k = b_transposed ? 1 : product.b.row_stride;
      spec.b_stride_n = b_transposed ? product.b.row_stride : 1;
    }
    product.products = tile_products(spec, 1);
    return product;
  }

  /// The products of whole and of shorter tiles, of the first and of further panels.
  TileProducts tile_products(MatmulSpec spec, int64_t panels) {
    spec.c_stride_m = p_.source_dst.row_stride;
    const int64_t rows[] = {tile_.rows, p_.rows % tile_.rows};
    const int64_t cols[] = {tile_.cols, p_.cols % tile_.cols};
    TileProducts products;
    for (size_t r = 0; r < 2; ++r) {
      for (size_t c = 0; c < 2; ++c) {
        if (rows[r] == 0 || cols[c] == 0) continue;
        spec.m = rows[r];
        spec.n = cols[c];
        for (const bool next : {false, true}) {
          spec.accumulate = next;
          if (next && panels == 1) continue;
          products.index[r][c][next ? 1 : 0] = add_matmul(e_.program, spec);
        }
      }
    }
    return products;
  }

  Emission& e_;
  const Uses& u_;
  const StepMemory& m_;
  const OnceGroup& group_;
  const TileShape& tile_;
  OnceProgram p_;
};

/// Cuts tasks where the running sum of their costs passes the next thread's share, at the nearer
/// side.
std::vector<int64_t> cut_shares(const std::vector<int64_t>& costs, int64_t total, int threads) {
  std::vector<int64_t> cuts = {0};
  int64_t sum = 0;
  for (size_t k = 0; k < costs.size(); ++k) {
    const int64_t share = total * static_cast<int64_t>(cuts.size()) / threads;
    if (static_cast<int>(cuts.size()) < threads && sum + costs[k] / 2 >= share) {
      cuts.push_back(static_cast<int64_t>(k));
    }
    sum += costs[k];
  }
  while (static_cast<int>(cuts.size()) <= threads) {
    cuts.push_back(static_cast<int64_t>(costs.size()));
  }
  return cuts;
}

OnceLevel schedule(const std::vector<OnceProgram>& programs, int sublevel, int threads) {
  OnceLevel out;
  std::vector<int64_t> costs;
  int64_t total = 0;
  for (size_t k = 0; k < programs.size(); ++k) {
    const OnceProgram& g = programs[k];
    if (g.sublevel != sublevel) continue;
    for (int64_t row = 0; row < std::max<int64_t>(g.rows, 1); row += g.tile_rows) {
      for (int64_t col = 0; col < std::max<int64_t>(g.cols, 1); col += g.tile_cols) {
        const Rectangle tile{row, std::min(g.rows, row + g.tile_rows), col,
                             std::min(g.cols, col + g.tile_cols)};
        const int64_t whole = std::max<int64_t>(1, g.tile_rows * g.tile_cols);
        out.tasks.push_back({static_cast<int32_t>(k), tile});
        costs.push_back(100 + g.cost_estimate * tile.rows() * tile.cols() / whole);
        total += costs.back();
      }
    }
  }
  out.serial = total < kSerialCost || threads == 1;
  out.cuts = cut_shares(costs, total, threads);
  return out;
}

}  // namespace

OnceStageProgram emit_once_stage(Emission& e, const Stage& stage,
                                 const std::vector<TileShape>& tiles) {
  OnceStageProgram out;
  int levels = 0;
  for (size_t k = 0; k < stage.once.size(); ++k) {
    out.programs.push_back(OnceEmitter(e, stage.once[k], tiles[k]).run());
    levels = std::max(levels, stage.once[k].sublevel + 1);
  }
  for (int level = 0; level < levels; ++level) {
    out.levels.push_back(schedule(out.programs, level, e.program.num_threads));
  }
  return out;
}

}  // namespace isthmus
