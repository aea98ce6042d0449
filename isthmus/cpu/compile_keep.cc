// SPDX-License-Identifier: Apache-2.0
// What becomes of a per-row value beside its plain rows: partial sums over the batch, operands of
// matrix products, operands kept for a sum of products. Where the value is made chunk by chunk
// these are steps of the same chunk, and the plain rows need not exist; otherwise they are
// instructions of their own behind it. Inputs go the other way: a stored input that only such
// readers need is loaded where it is read.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {

/// All readers of value `i` in row stage `stage` that are not plain rows, through its aliases and
/// views, in the order in which they are served.
std::vector<Compiler::Follower> Compiler::followers(uint32_t i, size_t stage) const {
  std::vector<uint32_t> shared = {i};
  for (size_t k = 0; k < shared.size(); ++k) {
    for (uint32_t r : plan_.nodes[shared[k]].readers) {
      const bool alias = plan_.nodes[r].alias_of == shared[k] && !plan_.nodes[r].materialized;
      if (alias || (is_view(r) && !is_output(r))) shared.push_back(r);
    }
  }
  std::vector<Follower> found;
  for (uint32_t value : shared) {
    const bool filled = filled_.count(value) != 0;
    for (uint32_t r : plan_.nodes[value].readers) {
      const bool here = plan_.nodes[r].level == static_cast<int>(stage);
      if (here && runs_as_matmul(r) && rounds_to_bf16(r) && node(r).inputs[0] == value) {
        found.push_back({FollowerKind::kCast, value, r});
      }
      if (!once(r) || (filled && !here) || (once(value) && !filled)) continue;
      if (is_op(r, "batch_sum")) found.push_back({FollowerKind::kBatchSum, value, r});
      if (!is_op(r, "outer_sum")) continue;
      if (is_in_parts(r)) {
        if (last_factor(r) == i) found.push_back({FollowerKind::kPart, value, r});
        continue;
      }
      if (node(r).inputs[0] == value) found.push_back({FollowerKind::kTransposed, value, r});
      if (node(r).inputs[1] == value) found.push_back({FollowerKind::kKept, value, r});
    }
  }
  return found;
}

/// Whether a chunk of `group` serves this reader of its value `i` itself.
bool Compiler::is_sink(const DeviceGroup& group, uint32_t i, const Follower& f) const {
  const bool is_plain = f.kind == FollowerKind::kTransposed || f.kind == FollowerKind::kPart;
  if (!group.chunks || group.fill || group.lead != 1 || is_plain) return false;
  // An operand for a run of its own is rounded there.
  if (f.kind == FollowerKind::kCast && items_of(i) != items_of(f.reader)) return false;
  const bool same_rows = !is_view(i) && base(f.value) == i &&
                         geometry(node(f.value).type.shape) == Geometry{1, group.cols} &&
                         geometry(node(i).type.shape) == Geometry{1, group.cols};
  return same_rows &&
         (f.kind == FollowerKind::kBatchSum || p_.options.precision == Precision::kBF16);
}

void Compiler::append_sinks(ChunkProgram& chunk, const DeviceGroup& group) {
  for (uint32_t i : group.nodes) {
    for (const Follower& f : followers(i, stage_)) {
      if (!is_sink(group, i, f)) continue;
      ChunkStep s;
      s.in[0] = p_.places[i];
      s.num_in = 1;
      if (f.kind == FollowerKind::kBatchSum) {
        s.op = ChunkOp::kColumnSum;
        s.name = "partial_sums";
        s.index = batch_sum(f.reader);
      } else if (f.kind == FollowerKind::kCast) {
        const auto [offset, is_new] = cast_offset(i, {1, group.cols});
        if (!is_new) continue;
        s.op = ChunkOp::kCast;
        s.name = "to_bf16";
        s.half_offset = offset;
      } else {
        const bool known = crossing_index_.count({f.value, false}) != 0;
        s.index = crossing(f.value, false);
        if (known) continue;
        s.op = ChunkOp::kKeepPairs;
        s.name = "keep";
      }
      chunk.steps.push_back(s);
    }
  }
}

/// The readers of a group's values that its chunks do not serve.
void Compiler::emit_followers(const DeviceGroup& group) {
  for (uint32_t i : group.nodes) {
    if (rows_place(i).memory == Memory::kStored) continue;
    for (const Follower& f : followers(i, stage_)) {
      if (f.kind == FollowerKind::kCast || is_sink(group, i, f)) continue;
      if (f.kind == FollowerKind::kPart) {
        emit_part(f.reader);
        continue;
      }
      const Geometry g = geometry(node(f.value).type.shape);
      RowInstruction s;
      s.node = f.value;
      s.lead = g.lead;
      s.cols = g.cols;
      s.src = rows_place(f.value);
      if (f.kind == FollowerKind::kBatchSum) {
        s.op = RowOp::kBatchSum;
        s.cols = g.lead * g.cols;
        ISTHMUS_CHECK(g.lead == 1 || s.src.row_stride == g.cols, "dense rows of a batch sum");
        s.batch_sum = batch_sum(f.reader);
      } else {
        const bool transposed = f.kind == FollowerKind::kTransposed;
        const bool known = crossing_index_.count({f.value, transposed}) != 0;
        s.crossing = crossing(f.value, transposed);
        if (known) continue;
        s.op = transposed ? RowOp::kCrossTransposed : RowOp::kCrossPairs;
        s.cost = Cost::kPacking;
      }
      rows_->instructions.push_back(s);
    }
  }
}

/// Whether nobody needs the plain rows of input `i`: chunks of its own width, which load it
/// themselves, products in its own stage, and sums of products that keep it transposed.
bool Compiler::stays_stored(uint32_t i) const {
  if (node(i).kind != NodeKind::kInput || p_.options.precision != Precision::kBF16 ||
      is_output(i)) {
    return false;
  }
  const Geometry g{1, value_count(node(i).type.shape)};
  const auto is_rows = [&](uint32_t in) {
    return base(in) == i && geometry(node(in).type.shape) == g;
  };
  const auto in_chunks = [&](uint32_t r) {
    for (const auto& groups : row_groups_) {
      for (const DeviceGroup& group : groups) {
        if (std::find(group.nodes.begin(), group.nodes.end(), r) == group.nodes.end()) continue;
        return group.chunks && !group.fill && Geometry{group.lead, group.cols} == g;
      }
    }
    return false;
  };
  return std::all_of(readers_[i].begin(), readers_[i].end(), [&](uint32_t r) {
    const auto& in = node(r).inputs;
    if (runs_as_matmul(r))
      return rounds_to_bf16(r) && is_rows(in[0]) && plan_.nodes[r].level == plan_.nodes[i].level;
    if (is_op(r, "outer_sum")) return is_rows(in[0]) && base(in[1]) != i;
    return in_chunks(r);
  });
}

/// Whether the tiles of this sum of products take their part of the first factor from the stored
/// input themselves: half the bytes of a kept operand, each converted once because a tile spans all
/// columns of the second factor.
bool Compiler::sums_stored_input(uint32_t i) const {
  return p_.places[base(node(i).inputs[0])].memory == Memory::kStored &&
         geometry(node(i).type.shape).cols <= kWideTile;
}

int32_t Compiler::input_index(uint32_t i) const {
  const auto at = std::find_if(p_.inputs.begin(), p_.inputs.end(),
                               [&](const InputBinding& in) { return in.node == i; });
  ISTHMUS_CHECK(at != p_.inputs.end(), "an input is emitted before its readers");
  return static_cast<int32_t>(at - p_.inputs.begin());
}

void Compiler::emit_load_operands(RowInstruction load) {
  load.op = RowOp::kLoadOperands;
  const uint32_t i = load.node;
  for (const Follower& f : followers(i, stage_)) {
    if (f.kind == FollowerKind::kCast) {
      load.is_cast = true;
      load.half_offset = cast_offset(i, {1, load.cols}).first;
    } else if (!sums_stored_input(f.reader)) {
      load.crossing = crossing(f.value, true);
    }
  }
  if (!load.is_cast && load.crossing < 0) return;
  const int64_t rows = p_.shape.block_rows;
  const int64_t floats =
      std::max(rows * operand_columns(rows), load.cols * operand_rows(load.cols));
  p_.scratch_floats = std::max(p_.scratch_floats, floats);
  rows_->instructions.push_back(load);
}

/// Steps that read a stored input read it from a scratch slot that the chunk loads first.
void Compiler::prepend_loads(ChunkProgram& chunk, const Geometry& g) const {
  int64_t next_slot = 0;
  for (const ChunkStep& s : chunk.steps) {
    if (s.dst.memory == Memory::kScratch) next_slot = std::max(next_slot, s.dst.offset + 1);
  }
  std::map<int64_t, Place> slots;  // by input node
  for (ChunkStep& s : chunk.steps) {
    for (Place& in : s.in) {
      if (in.memory != Memory::kStored) continue;
      const auto [slot, is_new] =
          slots.try_emplace(in.offset, Place{Memory::kScratch, next_slot, g.cols});
      if (is_new) ++next_slot;
      in = slot->second;
    }
  }
  for (const auto& [input, slot] : slots) {
    ChunkStep load;
    load.op = ChunkOp::kLoad;
    load.name = "load";
    load.dst = slot;
    load.index = input_index(static_cast<uint32_t>(input));
    chunk.steps.insert(chunk.steps.begin(), load);
  }
}

int32_t Compiler::batch_sum(uint32_t i) {
  auto [at, is_new] = batch_sum_index_.try_emplace(i, static_cast<int32_t>(p_.batch_sums.size()));
  if (!is_new) return at->second;
  BatchSum sum;
  sum.node = i;
  sum.size = value_count(node(i).type.shape);
  sum.chunk_stride = round_up(sum.size, kLineFloats);
  const int64_t chunks = p_.shape.padded_rows() / p_.shape.chunk_rows;
  sum.partials_offset = allocate_batch(chunks * sum.chunk_stride);
  p_.batch_sums.push_back(sum);
  return at->second;
}

int32_t Compiler::crossing(uint32_t i, bool transposed) {
  auto [at, is_new] =
      crossing_index_.try_emplace({i, transposed}, static_cast<int32_t>(p_.crossings.size()));
  if (!is_new) return at->second;
  const Geometry g = geometry(node(i).type.shape);
  const int64_t panel = p_.panel_rows * g.lead;
  Crossing c;
  c.node = i;
  c.transposed = transposed;
  c.cols = g.cols;
  c.rows_per_item = g.lead;
  if (p_.options.precision == Precision::kF32) {
    c.row_stride = panel;
    if (transposed) {
      c.panel_stride = round_up(g.cols * panel, kLineFloats) + kLineFloats;
      c.offset = allocate_batch(c.panel_stride * p_.num_panels);
    } else {
      c.panel_stride = panel * g.cols;
      c.offset = rows_place(i).offset;
    }
  } else if (transposed) {
    c.row_stride = Matmul::row_stride(panel);
    c.panel_stride = round_up(g.cols * c.row_stride, 32) + 32;
    c.offset = p_.crossing_values;
    p_.crossing_values += c.panel_stride * p_.num_panels;
  } else {
    c.packing = MatmulPacking::of(g.cols, panel);
    c.panel_stride = round_up(c.packing.num_values, 32) + 32;
    c.offset = p_.crossing_values;
    p_.crossing_values += c.panel_stride * p_.num_panels;
  }
  p_.crossings.push_back(c);
  return at->second;
}

}  // namespace isthmus
