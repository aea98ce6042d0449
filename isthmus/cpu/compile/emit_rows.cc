// SPDX-License-Identifier: Apache-2.0
// Row stages: what one block of items goes through, depth first, from the loads to the last
// gradient.
#include "isthmus/cpu/compile/emit.h"

namespace isthmus {
namespace {

class RowStageEmitter {
 public:
  RowStageEmitter(Emission& e, size_t stage)
      : e_(e), u_(e.uses), m_(e.memory), out_(e.program.row_stages[stage]) {
    e_.stage = stage;
  }

  void run() {
    const std::vector<GroupRun>& runs = e_.groups.runs[e_.stage];
    for (e_.run = 0; e_.run < runs.size(); ++e_.run) {
      const GroupRun& run = runs[e_.run];
      RowRun compiled = {.first = out_.instructions.size(), .items = run.items};
      for (group_ = run.first; group_ < run.end; ++group_) {
        const DeviceGroup& group = e_.groups.rows[e_.stage][group_];
        emit_group(group);
        for (uint32_t i : group.nodes) emit_forms(group, i);
      }
      compiled.end = out_.instructions.size();
      out_.runs.push_back(compiled);
    }
  }

 private:
  void add(uint32_t node, int64_t lead, Cost cost, RowStep step) {
    out_.instructions.push_back({node, lead, cost, std::move(step)});
  }

  void emit_group(const DeviceGroup& group) {
    if (group.expand != kNoNode) {
      return add(group.expand, 1, Cost::kOther, expansion(e_, group.expand_for, group.expand));
    }
    const uint32_t i = group.nodes[0];
    const Geometry g{group.lead, group.cols};
    if (group.fill && is_filled_by_moves(i, g)) {
      return add(i, 1, Cost::kOther, fill_moves(e_, i));
    }
    if (group.chunks) {
      ChunkProgram chunks = make_chunks(e_, group.nodes, g, &group, g.cols);
      const Cost cost = chunks.cost;
      return add(i, g.lead, cost, std::move(chunks));
    }
    emit_node(i, g);
  }

  /// Several lines are copied as one block; one line, or one value, is spread by a chunk.
  bool is_filled_by_moves(uint32_t i, const Geometry& g) const {
    const auto [source, shape] = u_.source_of(i);
    return (g.lead > 1 && shape == u_.node(i).type.shape) ||
           !operand_at(u_, m_.place(source), i, g, false).valid();
  }

  void emit_node(uint32_t i, const Geometry& g) {
    switch (e_.forms.work[i]) {
      case Work::kInput:
        return emit_input(i, g);
      case Work::kNoise: {
        const bool is_normal = u_.node(i).kind == NodeKind::kNormal;
        return add(i, g.lead, Cost::kInput, NoiseStep{is_normal, u_.values_of(i), m_.place(i)});
      }
      case Work::kBatchWise:
        if (!e_.forms.batch.contains(i) || !e_.forms.batch.at(i).is_left) {
          out_.batch.push_back(batch_step(e_, i));
        }
        return;
      case Work::kProduct:
        return emit_product(i);
      case Work::kItemProducts:
        return add(i, 1, Cost::kGemm, item_products_of(e_, i));
      case Work::kMoves:
        return add(i, 1, Cost::kOther, moves_of(e_, i));
      case Work::kReduction:
        return add(i, 1, Cost::kOther, reduction_of(e_, i));
      case Work::kWindows:
        if (!e_.forms.rounded[i]) return add(i, 1, Cost::kPacking, windows_of(e_, i));
        if (const CastPlace* cast = cast_here(i, g)) emit_cast_windows(i, cast->offset);
        return;
      case Work::kLookup:
        return add(i, 1, Cost::kOther, gather_of(e_, i));
      case Work::kReference:
        return add(i, 1, Cost::kOther, add_reference(e_, i, e_.pass_items()));
      default:
        return;  // a view of rows
    }
  }

  void emit_input(uint32_t i, const Geometry& g) {
    const auto input = static_cast<int32_t>(e_.program.inputs.size());
    const int64_t cols = u_.values_of(i);
    e_.program.inputs.push_back({i, u_.node(i).name, cols, {}, {}, {}, false});
    if (!e_.forms.stored[i]) {
      return add(i, g.lead, Cost::kInput, LoadStep{input, cols, m_.place(i)});
    }
    LoadOperands load{.input = input, .cols = cols};
    if (const CastPlace* cast = cast_here(i, {1, cols})) load.cast = cast->offset;
    for (const Form& form : e_.forms.beside_rows(i, e_.stage)) {
      if (form.kind != FormKind::kTransposed) continue;
      const auto kept = m_.kept.find({form.value, true});
      if (kept == m_.kept.end()) continue;  // tiles read the stored input
      load.kept = kept->second;
    }
    emit_load_operands(i, g.lead, load);
  }

  /// The bf16 operand of a value, if the current group makes it; else nullptr.
  const CastPlace* cast_here(uint32_t i, const Geometry& g) const {
    const auto cast = m_.casts.find({e_.stage, e_.run, i, g.cols});
    return cast != m_.casts.end() && cast->second.made_in == group_ ? &cast->second : nullptr;
  }

  void emit_cast_windows(uint32_t i, int64_t dst) {
    const WindowStep windows = windows_of(e_, i);
    need_scratch(windows_scratch(windows.windows));
    add(i, u_.shape_of(i).lead, Cost::kPacking, CastWindows{windows, dst});
  }

  void need_scratch(int64_t floats) {
    int64_t& scratch = e_.program.memory.scratch_floats;
    scratch = std::max(scratch, floats);
  }

  void emit_load_operands(uint32_t i, int64_t lead, const LoadOperands& load) {
    if (load.cast < 0 && load.kept < 0) return;
    const int64_t rows = e_.groups.shape.block_rows;
    need_scratch(std::max(rows * operand_columns(rows), load.cols * operand_rows(load.cols)));
    add(i, lead, Cost::kInput, load);
  }

  void emit_product(uint32_t i) {
    const Node& n = u_.node(i);
    const uint32_t x = n.inputs[0], w = n.inputs[1];
    const bool transposed = n.attrs.integer("transpose_b", 0) != 0;
    const Geometry in = u_.shape_of(x), out = u_.shape_of(i);
    const int64_t stored_cols = u_.node(w).type.shape[1];
    ProductStep product{.src = m_.rows_of(x), .dst = m_.place(i)};
    MatmulSpec spec{.m = e_.pass_items() * in.lead, .n = out.cols, .k = in.cols};
    spec.bf16 = rounds_operands(u_, e_.forms.precision, i);
    spec.c_stride_m = product.dst.row_stride;
    if (spec.bf16) {
      spec.a_stride_m = Matmul::row_stride(in.cols);
      product.cast = cast_of(x, in);
      product.packed = m_.packed(packed_form(u_, w, transposed));
    } else {
      spec.a_stride_m = product.src.row_stride;
      spec.b_stride_k = transposed ? 1 : stored_cols;
      spec.b_stride_n = transposed ? stored_cols : 1;
      product.weight = m_.place(w);
    }
    product.matmul = add_matmul(e_.program, spec);
    add(i, in.lead, Cost::kGemm, product);
  }

  /// Where the bf16 rows of `x` lie; made here if nothing of this run has made them.
  int64_t cast_of(uint32_t x, const Geometry& g) {
    const uint32_t value = u_.base[x];
    const CastPlace& cast = m_.casts.at({e_.stage, e_.run, value, g.cols});
    if (cast.made_in != group_) return cast.offset;
    if (e_.forms.stored[value]) {
      emit_load_operands(
          value, g.lead,
          {.input = input_index(e_.program, value), .cols = g.cols, .cast = cast.offset});
    } else if (e_.forms.rounded[value]) {
      emit_cast_windows(value, cast.offset);
    } else {
      add(x, g.lead, Cost::kPacking, CastStep{m_.rows_of(x), g.cols, cast.offset});
    }
    return cast.offset;
  }

  /// The forms of a value that its chunks do not make.
  void emit_forms(const DeviceGroup& group, uint32_t i) {
    if (m_.rows_of(i).memory == Memory::kStored) return;
    for (const Form& form : e_.forms.beside_rows(i, e_.stage)) {
      if (form.kind == FormKind::kCast || e_.groups.makes_form(u_, e_.forms, group, i, form)) {
        continue;
      }
      if (form.kind == FormKind::kPart) {
        if (e_.groups.last_factor(u_, form.reader) == i) emit_part(form.reader);
      } else if (form.kind == FormKind::kBatchSum) {
        emit_partial_sums(form);
      } else {
        emit_keep(form);
      }
    }
  }

  void emit_partial_sums(const Form& form) {
    const Geometry g = u_.shape_of(form.value);
    const Place& src = m_.rows_of(form.value);
    ISTHMUS_CHECK(g.lead == 1 || src.row_stride == g.cols, "dense rows of a batch sum");
    add(form.value, g.lead, Cost::kOther,
        PartialSums{src, g.lead * g.cols, m_.batch_sums.at(form.reader)});
  }

  void emit_keep(const Form& form) {
    const bool transposed = form.kind == FormKind::kTransposed;
    if (!e_.kept.insert({form.value, transposed}).second) return;
    const Geometry g = u_.shape_of(form.value);
    add(form.value, g.lead, Cost::kPacking,
        KeepStep{m_.rows_of(form.value), g.cols, m_.kept.at({form.value, transposed})});
  }

  void emit_part(uint32_t sum) {
    const uint32_t x = u_.base[u_.node(sum).inputs[0]], dy = u_.node(sum).inputs[1];
    const Geometry gx = u_.shape_of(x), gy = u_.shape_of(dy);
    const int64_t rows = e_.pass_items() * gx.lead;
    PartProduct part{.sum = m_.part_sums.at(sum), .a = m_.place(x), .b = m_.rows_of(dy)};
    part.a_cols = gx.cols;
    part.b_cols = gy.cols;
    part.makes_windows = e_.groups.makes_windows_again(u_, e_.forms, sum);
    if (part.makes_windows) part.windows = windows_of(e_, x);
    MatmulSpec spec{.k = rows};
    if (e_.forms.precision == Precision::kBF16) {
      spec.m = gy.cols;
      spec.n = gx.cols;
      spec.bf16 = true;
      spec.a_stride_m = Matmul::row_stride(rows);
      part.packing = MatmulPacking::of(gx.cols, rows);
      part.packed_halfs = round_up(gy.cols * spec.a_stride_m, kLineHalfs) + kLineHalfs;
      const int64_t packed = round_up(part.packing.num_values, kLineHalfs) + kLineHalfs;
      int64_t& halfs = e_.program.memory.part_halfs;
      halfs = std::max(halfs, part.packed_halfs + packed);
      need_scratch(windows_scratch(part.windows.windows));
    } else {
      if (part.makes_windows) {
        part.a = {Memory::kPass, m_.windows_again, gx.cols};
        part.windows.dst = part.a;
      }
      spec.m = gx.cols;
      spec.n = gy.cols;
      spec.a_stride_m = 1;
      spec.a_stride_k = part.a.row_stride;
      spec.b_stride_k = part.b.row_stride;
    }
    spec.c_stride_m = spec.n;
    part.first = add_matmul(e_.program, spec);
    spec.accumulate = true;
    part.further = add_matmul(e_.program, spec);
    add(sum, gx.lead, Cost::kGemm, part);
  }

  Emission& e_;
  const Uses& u_;
  const StepMemory& m_;
  RowStageProgram& out_;
  size_t group_ = 0;
};

}  // namespace

void emit_row_stage(Emission& e, size_t stage) { RowStageEmitter(e, stage).run(); }

}  // namespace isthmus
