// SPDX-License-Identifier: Apache-2.0
// Operations that move values or reduce them over an axis, for row stages and once stages alike:
// slice, concat, pad, transpose and broadcast as copies of strided boxes; sum, sum_items, logsumexp
// and softmax as reductions of an (outer, size, inner) view. Also operands that an elementwise
// reader cannot read where they lie, because no row, column or repeated row describes them: they
// are written out in full first.
#include <numeric>

#include "isthmus/cpu/compiler.h"

namespace isthmus {
namespace {

using Steps = std::vector<int64_t>;

/// Steps of the axes of `shape` whose last axis is dense and whose lines lie `row_stride` apart.
Steps steps_of(const Shape& shape, int64_t row_stride) {
  Steps steps(shape.size(), 1);
  for (size_t a = shape.size(); a-- > 1;) {
    steps[a - 1] = a + 1 == shape.size() ? row_stride : steps[a] * shape[a];
  }
  return steps;
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

Move make_move(const Shape& size, const Steps& src, const Steps& dst) {
  Move move;
  for (size_t a = 0; a < size.size(); ++a) {
    append_axis(move, size[a], src.empty() ? dst[a] : src[a], dst[a]);
  }
  return move;
}

/// Steps of `from` seen with the axes of `to`: 0 along what is repeated.
Steps repeated_steps(const Shape& from, int64_t row_stride, const Shape& to) {
  const Steps own = steps_of(from, row_stride);
  Steps steps(to.size(), 0);
  for (size_t a = 0; a < from.size(); ++a) {
    if (from[a] != 1) steps[to.size() - from.size() + a] = own[a];
  }
  return steps;
}

}  // namespace

/// A value as a move sees it: where item 0 lies, and how far the next one is. A uniform value is
/// read where it was made (0: all the same), not from its rows, which may be what the move is to
/// write.
Compiler::ItemValue Compiler::item_value(uint32_t i) const {
  if (once(base(i))) return {p_.places[i], 0};
  return {p_.places[i], p_.places[i].row_stride * geometry(node(i).type.shape).lead};
}

/// `source`, seen with `shape`, repeated to the row shape `to`, into `dst` (dense).
Move Compiler::repeat_move(uint32_t source, const Shape& shape, const Shape& to,
                           const Place& dst) const {
  const ItemValue from = item_value(source);
  const bool same_lines = geometry(shape) == geometry(node(source).type.shape);
  const int64_t row_stride = same_lines ? from.place.row_stride : geometry(shape).cols;
  Move move = make_move(to, repeated_steps(shape, row_stride, to), steps_of(to, geometry(to).cols));
  move.src = from.place;
  move.dst = dst;
  move.src_item = from.item;
  move.dst_item = value_count(to);
  return move;
}

bool Compiler::is_moves(uint32_t i) const {
  return is_op(i, "slice") || is_op(i, "concat") || is_op(i, "pad") || is_op(i, "transpose") ||
         is_op(i, "broadcast");
}

/// slice, concat, pad, transpose or broadcast `i` as moves into its place.
std::vector<Move> Compiler::moves_of(uint32_t i) const {
  const Node& n = node(i);
  const Shape& to = n.type.shape;
  const ItemValue dst = item_value(i);
  const Steps to_steps = steps_of(to, dst.place.row_stride);
  std::vector<Move> moves;
  if (is_op(i, "broadcast")) {
    return {repeat_move(n.inputs[0], node(n.inputs[0]).type.shape, to, dst.place)};
  }
  const auto move = [&](const ItemValue* from, const Steps& steps, int64_t skip, const Shape& size,
                        int64_t at) {
    if (value_count(size) == 0) return;
    Move m = make_move(size, steps, to_steps);
    if (from != nullptr) m.src = from->place;
    m.src.offset += skip;
    m.src_item = from != nullptr ? from->item : 0;
    m.dst = dst.place;
    m.dst.offset += at;
    m.dst_item = dst.item;
    moves.push_back(m);
  };
  if (is_op(i, "transpose")) {
    const ItemValue from = item_value(n.inputs[0]);
    Steps steps = steps_of(node(n.inputs[0]).type.shape, from.place.row_stride);
    std::swap(steps[steps.size() - 1], steps[steps.size() - 2]);
    move(&from, steps, 0, to, 0);
    return moves;
  }
  const size_t axis = axis_of(n.attrs, n.type);
  int64_t at = 0;  // along the axis
  const auto zeros = [&](int64_t count) {
    Shape size = to;
    size[axis] = count;
    move(nullptr, {}, 0, size, at * to_steps[axis]);
    at += count;
  };
  if (is_op(i, "pad")) zeros(n.attrs.integer("before"));
  for (uint32_t in : n.inputs) {
    const ItemValue from = item_value(in);
    const Steps steps = steps_of(node(in).type.shape, from.place.row_stride);
    Shape size = node(in).type.shape;
    if (is_op(i, "slice")) size = to;
    const int64_t begin = is_op(i, "slice") ? n.attrs.integer("begin") : 0;
    move(&from, steps, begin * steps[axis], size, at * to_steps[axis]);
    at += size[axis];
  }
  if (is_op(i, "pad")) zeros(to[axis] - at);
  return moves;
}

bool Compiler::is_reduction(uint32_t i) const {
  return is_op(i, "sum") || is_op(i, "sum_items") || is_op(i, "logsumexp") || is_op(i, "softmax");
}

Reduction Compiler::reduction_of(uint32_t i) const {
  const Node& n = node(i);
  const uint32_t in = n.inputs[0];
  const Shape& shape = node(in).type.shape;
  const ItemValue from = item_value(in), to = item_value(i);
  Reduction r{.src = from.place, .dst = to.place, .src_item = from.item, .dst_item = to.item};
  if (is_op(i, "logsumexp")) r.op = ReduceOp::kLogSumExp;
  if (is_op(i, "softmax")) r.op = ReduceOp::kSoftmax;
  if (is_op(i, "sum_items")) {
    r.size = value_count(shape);
    return r;
  }
  const AxisView view =
      view_axis(shape, is_op(i, "sum") ? axis_of(n.attrs, node(in).type) : shape.size() - 1);
  r.outer = view.outer;
  r.size = view.size;
  r.inner = view.inner;
  return r;
}

int32_t Compiler::add_windows(uint32_t i) {
  const Node& n = node(i);
  const bool adds = is_op(i, "fold");
  const uint32_t in = n.inputs[0];
  const Windows windows = windows_over(n.attrs, adds ? n.type.shape : node(in).type.shape);
  const int64_t images = windows.images * windows.image_size();
  const int64_t patches = windows.images * windows.out_h * windows.out_w * windows.patch();
  p_.window_steps.push_back({.windows = windows,
                             .adds = adds,
                             .src = once(i) ? p_.places[in] : rows_place(in),
                             .dst = p_.places[i],
                             .src_item = adds ? patches : images,
                             .dst_item = adds ? images : patches});
  return static_cast<int32_t>(p_.window_steps.size() - 1);
}

bool Compiler::is_expanded(uint32_t reader, uint32_t in) const {
  return expanded_.count({reader, in}) != 0;
}

Place Compiler::operand_for(uint32_t reader, uint32_t in, const Geometry& g,
                            bool rows_are_lead) const {
  const auto written = expanded_.find({reader, in});
  return written != expanded_.end() ? written->second : operand(in, g, rows_are_lead);
}

/// The row shape of a written operand: that of its reader, but one column stays one column.
Shape Compiler::expanded_shape(uint32_t reader, uint32_t in) const {
  Shape shape = node(reader).type.shape;
  const Shape own = operand_source(in).second;
  if (own.empty() || own.back() == 1) shape.back() = 1;
  return shape;
}

/// Memory for the operands that are written out: of a block, or of the step for kOnce readers.
void Compiler::place_expanded() {
  for (auto& [key, place] : expanded_) {
    const Shape shape = expanded_shape(key.first, key.second);
    const int64_t count = value_count(shape), cols = geometry(shape).cols;
    if (once(key.first)) {
      place = {Memory::kArena, allocate_arena(count), cols};
    } else {
      const int64_t items = items_of(key.first);
      place = {items < p_.shape.block_rows ? Memory::kPass : Memory::kBlock, p_.block_floats, cols};
      p_.block_floats += round_up(items * count, kLineFloats) + kLineFloats;
    }
    if (cols == 1) place.col_stride = 0;
  }
}

Move Compiler::expansion(uint32_t reader, uint32_t in) const {
  const auto [source, shape] = operand_source(in);
  return repeat_move(source, shape, expanded_shape(reader, in), expanded_.at({reader, in}));
}

int32_t Compiler::add_moves(std::vector<Move> moves) {
  p_.moves.push_back(std::move(moves));
  return static_cast<int32_t>(p_.moves.size() - 1);
}

}  // namespace isthmus
