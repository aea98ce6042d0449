// SPDX-License-Identifier: Apache-2.0
// Row stages: what one block of rows goes through, depth first, from the loads to the last
// gradient.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {
namespace {

RowInstruction instruction(RowOp op, Cost cost, uint32_t node) {
  RowInstruction r;
  r.op = op;
  r.cost = cost;
  r.node = node;
  return r;
}

}  // namespace

const Place& Compiler::rows_place(uint32_t i) const {
  const auto filled = filled_.find(i);
  return filled != filled_.end() ? filled->second : p_.places[i];
}

void Compiler::compile_row_stage(size_t stage) {
  stage_ = stage;
  rows_ = &p_.row_stages[stage];
  for (const GroupRun& run : runs_[stage]) {
    pass_items_ = run.items;
    casts_.clear();
    RowRun compiled = {.first = rows_->instructions.size(), .items = run.items};
    for (size_t k = run.first; k < run.end; ++k) {
      emit_group(row_groups_[stage][k]);
      emit_followers(row_groups_[stage][k]);
    }
    compiled.end = rows_->instructions.size();
    rows_->runs.push_back(compiled);
  }
  spare_kernel_pairs();
}

void Compiler::emit_group(const DeviceGroup& group) {
  if (group.expand != kNoNode) {
    return emit_moves(group.expand, {expansion(group.expand_for, group.expand)});
  }
  const uint32_t first = group.nodes[0];
  const Node& n = node(first);
  const Geometry g{group.lead, group.cols};
  if (group.fill) {
    // Several lines are copied as one block; one line, or one value, is spread by a chunk.
    const auto [source, shape] = operand_source(first);
    if ((g.lead > 1 && shape == n.type.shape) || !operand(first, g, false).valid()) {
      return emit_moves(first, {repeat_move(source, shape, n.type.shape, filled_.at(first))});
    }
  }
  if (group.chunks) {
    RowInstruction r = instruction(RowOp::kChunks, Cost::kOther, first);
    r.lead = g.lead;
    r.cols = g.cols;
    r.chunks = make_chunk_program(group.nodes, g, &group, g.cols);
    r.cost = p_.chunk_programs[static_cast<size_t>(r.chunks)].cost;
    rows_->instructions.push_back(r);
    return;
  }
  if (n.kind == NodeKind::kInput || n.kind == NodeKind::kNormal || n.kind == NodeKind::kUniform) {
    const bool load = n.kind == NodeKind::kInput;
    RowInstruction r = instruction(load ? RowOp::kLoad : RowOp::kNoise, Cost::kInput, first);
    r.lead = g.lead;
    r.cols = value_count(n.type.shape);
    r.dst = p_.places[first];
    r.is_normal = n.kind == NodeKind::kNormal;
    if (load) {
      r.input = static_cast<int32_t>(p_.inputs.size());
      p_.inputs.push_back({first, n.name, r.cols, {}, {}, {}, false});
    }
    if (r.dst.memory == Memory::kStored) return emit_load_operands(r);
    rows_->instructions.push_back(r);
    return;
  }
  if (is_view(first) && !is_output(first)) return;
  if (is_batch_wise(first)) return emit_batch_step(first);
  if (runs_as_matmul(first)) {
    emit_matmul(first);
  } else if (is_op(first, "matmul")) {
    emit_small_products(first);
  } else if (is_moves(first)) {
    emit_moves(first, moves_of(first));
  } else if (is_reduction(first)) {
    RowInstruction r = instruction(RowOp::kReduce, Cost::kOther, first);
    r.reduction = static_cast<int32_t>(p_.reductions.size());
    p_.reductions.push_back(reduction_of(first));
    rows_->instructions.push_back(r);
  } else if (is_windows(first)) {
    RowInstruction r = instruction(RowOp::kWindows, Cost::kPacking, first);
    r.windows = add_windows(first);
    rows_->instructions.push_back(r);
  } else if (is_op(first, "gather")) {
    emit_gather(first);
  } else {
    emit_reference(first);
  }
}

void Compiler::emit_matmul(uint32_t i) {
  const Node& n = node(i);
  const uint32_t x = n.inputs[0], w = n.inputs[1];
  const bool transposed = n.attrs.integer("transpose_b", 0) != 0;
  const bool bf16 = rounds_to_bf16(i);
  const Geometry in = geometry(node(x).type.shape), out = geometry(n.type.shape);
  const int64_t rows = pass_items_ * in.lead;
  const int64_t stored_cols = node(w).type.shape[1];
  MatmulSpec spec{.m = rows, .n = out.cols, .k = in.cols, .bf16 = bf16};
  RowInstruction r = instruction(RowOp::kGemm, Cost::kGemm, i);
  r.lead = in.lead;
  r.cols = in.cols;
  r.src = rows_place(x);
  r.dst = p_.places[i];
  spec.c_stride_m = r.dst.row_stride;
  if (bf16) {
    spec.a_stride_m = Matmul::row_stride(in.cols);
    const auto [offset, is_new] = cast_offset(base(x), in);
    if (is_new) {
      RowInstruction cast = instruction(RowOp::kCast, Cost::kPacking, x);
      cast.lead = in.lead;
      cast.cols = in.cols;
      cast.src = r.src;
      cast.half_offset = offset;
      rows_->instructions.push_back(cast);
    }
    r.half_offset = offset;
    r.matmul = add_matmul(spec);
    r.weight = packed_weight(w, transposed);
  } else {
    spec.a_stride_m = r.src.row_stride;
    spec.b_stride_k = transposed ? 1 : stored_cols;
    spec.b_stride_n = transposed ? stored_cols : 1;
    r.matmul = add_matmul(spec);
    r.weight_place = p_.places[w];
  }
  rows_->instructions.push_back(r);
  emitted_products_.insert(i);
}

/// A product of rows with a matrix that all rows share.
bool Compiler::runs_as_matmul(uint32_t i) const {
  if (!is_op(i, "matmul")) return false;
  const uint32_t x = node(i).inputs[0], w = node(i).inputs[1];
  return node(x).type.extent == Extent::kPerRow && node(w).type.extent == Extent::kOnce;
}

/// Whether the operands of such a product are rounded to bf16.
bool Compiler::rounds_to_bf16(uint32_t i) const {
  return p_.options.precision == Precision::kBF16 && node(i).attrs.integer("exact", 0) == 0;
}

/// Where the rows of a value lie as a bf16 operand in the current stage; true if nobody has asked
/// before, and so the cast has still to be made.
std::pair<int64_t, bool> Compiler::cast_offset(uint32_t value, const Geometry& g) {
  const auto known = casts_.find({value, g.cols});
  if (known != casts_.end()) return {known->second.offset, false};
  int64_t offset = free_cast(g);
  if (offset < 0) {
    offset = p_.block_halfs;
    p_.block_halfs += round_up(pass_items_ * g.lead * Matmul::row_stride(g.cols), 32) + 32;
  }
  casts_[{value, g.cols}] = {offset, g, false};
  return {offset, true};
}

/// The memory of an operand of the same shape, so that what pads it stays zero, whose products have
/// all run; -1 if there is none.
int64_t Compiler::free_cast(const Geometry& g) {
  for (auto& [key, cast] : casts_) {
    if (cast.handed_on || !(cast.geometry == g)) continue;
    const auto served = followers(key.first, stage_);
    cast.handed_on = std::all_of(served.begin(), served.end(), [&](const Follower& f) {
      return f.kind != FollowerKind::kCast || emitted_products_.count(f.reader) != 0;
    });
    if (cast.handed_on) return cast.offset;
  }
  return -1;
}

int32_t Compiler::add_matmul(const MatmulSpec& spec) {
  for (size_t k = 0; k < p_.matmuls.size(); ++k) {
    if (p_.matmuls[k].spec() == spec) return static_cast<int32_t>(k);
  }
  p_.matmuls.emplace_back(spec);
  return static_cast<int32_t>(p_.matmuls.size() - 1);
}

/// A weight in the shape of its own leaf is packed when that changes; in another shape, or made by
/// an operation, in every step.
int32_t Compiler::packed_weight(uint32_t weight, bool transposed) {
  const uint32_t source = base(weight);
  if (node(source).type.shape == node(weight).type.shape) weight = source;
  auto [at, is_new] =
      packed_index_.try_emplace({weight, transposed}, static_cast<int32_t>(p_.packed.size()));
  if (!is_new) return at->second;
  const Shape& shape = node(weight).type.shape;
  PackedWeight w;
  w.node = weight;
  w.transposed = transposed;
  w.num_k = shape[transposed ? 1 : 0];
  w.num_n = shape[transposed ? 0 : 1];
  w.packing = MatmulPacking::of(w.num_n, w.num_k);
  w.offset = p_.packed_values;
  w.leaf = node(weight).kind != NodeKind::kOp;
  p_.packed_values += round_up(w.packing.num_values, 32) + 32;
  p_.packed.push_back(w);
  return at->second;
}

void Compiler::emit_moves(uint32_t node, std::vector<Move> moves) {
  RowInstruction r = instruction(RowOp::kMoves, Cost::kOther, node);
  r.moves = add_moves(std::move(moves));
  rows_->instructions.push_back(r);
}

/// A product per item: both factors are per row. They stay float32.
void Compiler::emit_small_products(uint32_t i) {
  const Node& n = node(i);
  const Shape& a = node(n.inputs[0]).type.shape;
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
  SmallProducts p{.a = rows_place(n.inputs[0]), .b = rows_place(n.inputs[1]), .dst = p_.places[i]};
  p.a_size = spec.m * spec.k;
  p.b_size = spec.k * spec.n;
  p.c_size = spec.m * spec.n;
  p.count = value_count(n.type.shape) / p.c_size;
  p.matmul = add_matmul(spec);
  RowInstruction r = instruction(RowOp::kSmallProducts, Cost::kGemm, i);
  r.products = static_cast<int32_t>(p_.small_products.size());
  p_.small_products.push_back(p);
  rows_->instructions.push_back(r);
}

void Compiler::emit_gather(uint32_t i) {
  const Node& n = node(i);
  const ItemValue index = item_value(n.inputs[1]);
  RowInstruction r = instruction(RowOp::kGather, Cost::kOther, i);
  r.gather = static_cast<int32_t>(p_.gathers.size());
  p_.gathers.push_back({.table = p_.places[n.inputs[0]],
                        .index = index.place,
                        .dst = p_.places[i],
                        .num_entries = node(n.inputs[0]).type.shape[0],
                        .width = node(n.inputs[0]).type.shape[1],
                        .per_item = value_count(node(n.inputs[1]).type.shape),
                        .index_item = index.item});
  rows_->instructions.push_back(r);
}

void Compiler::emit_reference(uint32_t i) {
  RowInstruction r = instruction(RowOp::kReference, Cost::kOther, i);
  r.reference = make_reference(i, pass_items_, p_.places[i]);
  rows_->instructions.push_back(r);
}

int32_t Compiler::make_reference(uint32_t i, int64_t rows, const Place& dst) {
  const Node& n = node(i);
  if (!n.op->reference) {
    throw Error(ErrorCode::kImpossible,
                "no cpu kernel for op '" + std::string(n.op->name) + "' (node " +
                    std::to_string(i) + ", " + n.scope + ")",
                "add isthmus/cpu/kernels/" + std::string(n.op->name) + ".cc");
  }
  ReferenceStep step;
  step.node = i;
  step.rows = rows;
  step.dst = dst;
  for (int t = 0; t < p_.num_threads; ++t) {
    for (uint32_t in : n.inputs) {
      RefArray a;
      a.type = node(in).type;
      const bool as_rows = !once(i) || n.op->rows == RowUse::kBatchSum;
      Place place = as_rows ? rows_place(in) : p_.places[in];
      if (n.op->elementwise ||
          is_op(i, "broadcast")) {  // broadcasts by itself: sees the value before the broadcast
        const auto [source, shape] = operand_source(in);
        a.type.shape = shape;
        if (once(source)) a.type.extent = Extent::kOnce;
        place = p_.places[source];
        if (shape != node(source).type.shape) place.row_stride = geometry(shape).cols;
      }
      if (t == 0) step.in.push_back(place);
      const bool per_row = a.type.extent == Extent::kPerRow;
      a.rows = per_row ? rows : 1;
      a.data.resize(static_cast<size_t>(a.rows * a.row_size()));
      step.in_values.push_back(std::move(a));
    }
    RefArray out;
    out.type = n.type;
    out.rows = n.type.extent == Extent::kPerRow ? rows : 1;
    out.data.resize(static_cast<size_t>(out.rows * out.row_size()));
    step.out_values.push_back(std::move(out));
  }
  p_.references.push_back(std::move(step));
  ReferenceStep& kept = p_.references.back();
  for (const RefArray& a : kept.in_values) kept.in_pointers.push_back(&a);
  return static_cast<int32_t>(p_.references.size() - 1);
}

}  // namespace isthmus
