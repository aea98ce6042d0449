// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/emit.h"

namespace isthmus {
namespace {

/// A value as a step by items sees it: where item 0 lies, and how far the next one is. A uniform
/// value is read where it was made (0: all the same), not from its rows, which may be what the step
/// is to write.
struct ItemValue {
  Place place;
  int64_t item;
};
ItemValue item_value(const Emission& e, uint32_t i) {
  const Place& place = e.memory.place(i);
  if (e.uses.once(e.uses.base[i])) return {place, 0};
  return {place, place.row_stride * e.uses.shape_of(i).lead};
}

/// Appends an axis to a move, as a part of the axis before it where both sides allow that.
void append_axis(Move& move, int64_t size, int64_t src_step, int64_t dst_step) {
  if (size == 1) return;
  if (move.rank > 0) {
    const size_t last = move.rank - 1;
    if (move.src_step[last] == src_step * size && move.dst_step[last] == dst_step * size) {
      move.size[last] *= size;
      move.src_step[last] = src_step;
      move.dst_step[last] = dst_step;
      return;
    }
  }
  if (move.rank == Move::kAxes) {
    throw Error(ErrorCode::kImpossible, "no cpu kernel moves values with so many axes",
                "reshape neighbouring axes to one");
  }
  move.size[move.rank] = size;
  move.src_step[move.rank] = src_step;
  move.dst_step[move.rank] = dst_step;
  ++move.rank;
}

Move make_move(const Shape& size, const std::vector<int64_t>& src,
               const std::vector<int64_t>& dst) {
  Move move;
  for (size_t a = 0; a < size.size(); ++a) {
    append_axis(move, size[a], src.empty() ? dst[a] : src[a], dst[a]);
  }
  return move;
}

/// Operand `in`, seen through broadcasts, repeated to the row shape `to`, into `dst` (dense).
Move repeat_move(const Emission& e, uint32_t in, const Shape& to, const Place& dst) {
  const auto [source, shape] = e.uses.source_of(in);
  const ItemValue from = item_value(e, source);
  const bool same_lines = geometry(shape) == e.uses.shape_of(source);
  const LinesOf lines{shape, same_lines ? from.place.row_stride : geometry(shape).cols};
  Move move = make_move(to, repeated_steps(lines, to), steps_of({to, geometry(to).cols}));
  move.src = from.place;
  move.dst = dst;
  move.src_item = from.item;
  move.dst_item = value_count(to);
  return move;
}

}  // namespace

Moves moves_of(const Emission& e, uint32_t i) {
  const Node& n = e.node(i);
  const ItemValue out = item_value(e, i);
  std::vector<ItemValue> in;
  std::vector<LinesOf> lines;
  for (uint32_t k : n.inputs) {
    in.push_back(item_value(e, k));
    lines.push_back({e.node(k).type.shape, in.back().place.row_stride});
  }
  Moves moves;
  const MovesRule rule = find_moves(n.op->name);
  for (const Box& box : rule(n, lines, {n.type.shape, out.place.row_stride})) {
    if (value_count(box.size) == 0) continue;
    Move move = make_move(box.size, box.src_step, box.dst_step);
    if (box.input >= 0) {
      move.src = in[static_cast<size_t>(box.input)].place;
      move.src.offset += box.src;
      move.src_item = in[static_cast<size_t>(box.input)].item;
    }
    move.dst = out.place;
    move.dst.offset += box.dst;
    move.dst_item = out.item;
    moves.push_back(move);
  }
  return moves;
}

Moves fill_moves(const Emission& e, uint32_t i) {
  return {repeat_move(e, i, e.node(i).type.shape, e.memory.filled.at(i))};
}

Moves expansion(const Emission& e, uint32_t reader, uint32_t in) {
  return {
      repeat_move(e, in, expanded_shape(e.uses, reader, in), e.memory.expanded.at({reader, in}))};
}

Reduction reduction_of(const Emission& e, uint32_t i) {
  const Node& n = e.node(i);
  const uint32_t in = n.inputs[0];
  const Shape& shape = e.node(in).type.shape;
  const ItemValue from = item_value(e, in), to = item_value(e, i);
  Reduction r{.op = reduce_op(*n.op), .src = from.place, .dst = to.place};
  r.src_item = from.item;
  r.dst_item = to.item;
  if (n.op->reduces == Reduces::kAllAxes) {
    r.size = value_count(shape);
    return r;
  }
  const bool named = n.op->reduces == Reduces::kNamedAxis;
  const AxisView view =
      view_axis(shape, named ? axis_of(n.attrs, e.node(in).type) : shape.size() - 1);
  r.outer = view.outer;
  r.size = view.size;
  r.inner = view.inner;
  return r;
}

WindowStep windows_of(const Emission& e, uint32_t i) {
  const Node& n = e.node(i);
  const uint32_t in = n.inputs[0];
  const bool adds = kernel_kind(*n.op) == KernelKind::kFold;
  const Windows windows = windows_over(n.attrs, e.node(adds ? i : in).type.shape);
  const int64_t images = windows.images * windows.image_size();
  const int64_t patches = windows.images * windows.out_h * windows.out_w * windows.patch();
  return {.windows = windows,
          .adds = adds,
          .src = e.uses.once(i) ? e.memory.place(in) : e.memory.rows_of(in),
          .dst = e.memory.place(i),
          .src_item = adds ? patches : images,
          .dst_item = adds ? images : patches};
}

Gather gather_of(const Emission& e, uint32_t i) {
  const Node& n = e.node(i);
  const ItemValue index = item_value(e, n.inputs[1]);
  const Shape& table = e.node(n.inputs[0]).type.shape;
  return {.table = e.memory.place(n.inputs[0]),
          .index = index.place,
          .dst = e.memory.place(i),
          .num_entries = table[0],
          .width = table[1],
          .per_item = e.uses.values_of(n.inputs[1]),
          .index_item = index.item};
}

/// They stay float32.
SmallProducts item_products_of(Emission& e, uint32_t i) {
  const Node& n = e.node(i);
  const Shape& a = e.node(n.inputs[0]).type.shape;
  const bool ta = n.attrs.integer("transpose_a", 0) != 0;
  const bool tb = n.attrs.integer("transpose_b", 0) != 0;
  const size_t rank = a.size();
  MatmulSpec spec{.m = n.type.shape[rank - 2], .n = n.type.shape[rank - 1]};
  spec.k = a[rank - (ta ? 2 : 1)];
  spec.a_stride_m = ta ? 1 : spec.k;
  spec.a_stride_k = ta ? spec.m : 1;
  spec.b_stride_k = tb ? 1 : spec.n;
  spec.b_stride_n = tb ? spec.k : 1;
  spec.c_stride_m = spec.n;
  return {.a = e.memory.rows_of(n.inputs[0]),
          .b = e.memory.rows_of(n.inputs[1]),
          .dst = e.memory.place(i),
          .count = value_count(n.type.shape) / (spec.m * spec.n),
          .a_size = spec.m * spec.k,
          .b_size = spec.k * spec.n,
          .c_size = spec.m * spec.n,
          .matmul = add_matmul(e.program, spec)};
}

ScatterSum scatter_of(const Emission& e, uint32_t index, uint32_t rows, uint32_t table) {
  const Place &from = e.memory.rows_of(index), &values = e.memory.rows_of(rows);
  const Geometry of_table = e.uses.shape_of(table);
  return {.index = from,
          .rows = values,
          .table = e.memory.place(table),
          .num_entries = of_table.lead,
          .width = of_table.cols,
          .per_item = e.uses.values_of(index),
          .index_item = from.row_stride * e.uses.shape_of(index).lead,
          .row_step = values.row_stride};
}

ReferenceRef add_reference(Emission& e, uint32_t i, int64_t rows) {
  const Node& n = e.node(i);
  if (!n.op->reference) {
    throw Error(ErrorCode::kImpossible,
                "no cpu kernel for op '" + std::string(n.op->name) + "' (node " +
                    std::to_string(i) + ", " + n.scope + ")",
                "add isthmus/cpu/kernels/" + std::string(n.op->name) + ".cc");
  }
  const Uses& u = e.uses;
  ReferenceStep step{.node = i, .dst = e.memory.place(i), .rows = rows};
  for (int t = 0; t < e.program.num_threads; ++t) {
    for (uint32_t in : n.inputs) {
      RefArray a;
      a.type = e.node(in).type;
      const bool as_rows = !u.once(i) || n.op->rows == RowUse::kBatchSum;
      Place place = as_rows ? e.memory.rows_of(in) : e.memory.place(in);
      if (n.op->elementwise) {  // broadcasts by itself: sees the value before the broadcast
        const auto [source, shape] = u.source_of(in);
        a.type.shape = shape;
        if (u.once(source)) a.type.extent = Extent::kOnce;
        place = e.memory.place(source);
        if (shape != e.node(source).type.shape) place.row_stride = geometry(shape).cols;
      }
      if (t == 0) step.in.push_back(place);
      a.rows = a.type.extent == Extent::kPerRow ? rows : 1;
      a.data.resize(static_cast<size_t>(a.rows * a.row_size()));
      step.in_values.push_back(std::move(a));
    }
    RefArray out;
    out.type = n.type;
    out.rows = n.type.extent == Extent::kPerRow ? rows : 1;
    out.data.resize(static_cast<size_t>(out.rows * out.row_size()));
    step.out_values.push_back(std::move(out));
  }
  e.program.references.push_back(std::move(step));
  ReferenceStep& kept = e.program.references.back();
  for (const RefArray& a : kept.in_values) kept.in_pointers.push_back(&a);
  return {static_cast<int32_t>(e.program.references.size() - 1)};
}

}  // namespace isthmus
