// SPDX-License-Identifier: Apache-2.0
// One block of rows through a row stage, depth first. Rows beyond the batch are computed like the
// others but never reach a sum: what is kept for the batch is zeroed there.
#include <algorithm>
#include <cstring>

#include "isthmus/cpu/run.h"

namespace isthmus {
namespace {

/// The items of a block that one pass goes over.
struct Block {
  int64_t first_item = 0;
  int64_t rows = 0;
  int64_t valid = 0;     // rows of the batch among them
  int64_t in_block = 0;  // items of the block before them
  ItemRange items() const { return {first_item, rows, in_block}; }
};

RowOrigin origin(const Block& b, int64_t lead) {
  const int64_t before = b.in_block * lead;
  return {b.first_item * lead - before, before, before};
}

void run_load(const Machine& m, ThreadMemory& t, const LoadStep& s, int64_t lead, const Block& b) {
  load_input(m, m.program.inputs[static_cast<size_t>(s.input)],
             {b.first_item, b.valid, b.rows, 0, s.cols, kRowsAhead, s.cols},
             resolve(m, t, s.dst, origin(b, lead)), s.cols);
}

/// A few whole rows at a time, so that the float32 values stay in L1.
void load_cast_rows(const Machine& m, ThreadMemory& t, const LoadOperands& r, const Block& b) {
  const InputBinding& in = m.program.inputs[static_cast<size_t>(r.input)];
  const int64_t stride = Matmul::row_stride(r.cols);
  uint16_t* dst = t.half + r.cast;
  const LoadCall all =
      input_rows(m, in, {b.first_item, b.valid, b.rows, 0, r.cols, kRowsAhead, r.cols});
  if (all.is_u8 && all.uniform) return stored_to_bf16(all, dst, stride);
  const int64_t step = operand_rows(r.cols);
  for (int64_t row = 0; row < b.rows; row += step) {
    const int64_t rows = std::min(step, b.rows - row);
    const int64_t valid = std::clamp<int64_t>(b.valid - row, 0, rows);
    load_input(m, in, {b.first_item + row, valid, rows, 0, r.cols, kRowsAhead, r.cols}, t.scratch,
               r.cols);
    rows_to_bf16(t.scratch, r.cols, rows, r.cols, dst + row * stride, stride, 0);
  }
}

/// Where a transposed copy is wanted, too: some columns of all rows at a time.
void load_keep_rows(const Machine& m, ThreadMemory& t, const LoadOperands& r, const Block& b) {
  const InputBinding& in = m.program.inputs[static_cast<size_t>(r.input)];
  const KeptOperand& c = m.program.memory.kept[static_cast<size_t>(r.kept)];
  const int64_t step = operand_columns(b.rows), panel = m.program.panel_rows;
  for (int64_t col = 0; col < r.cols; col += step) {
    const int64_t cols = std::min(step, r.cols - col);
    load_input(m, in, {b.first_item, b.valid, b.rows, col, cols, col == 0 ? kRowsAhead : 0, r.cols},
               t.scratch, cols);
    if (r.cast >= 0) {
      rows_to_bf16(t.scratch, cols, b.rows, cols, t.half + r.cast + col, Matmul::row_stride(r.cols),
                   0);
    }
    uint16_t* dst = m.kept + c.offset + b.first_item / panel * c.panel_stride +
                    b.first_item % panel + col * c.row_stride;
    rows_to_bf16_transposed(t.scratch, cols, b.valid, cols, dst, c.row_stride, b.rows);
  }
}

void run_load_operands(const Machine& m, ThreadMemory& t, const LoadOperands& r, const Block& b) {
  return r.kept < 0 ? load_cast_rows(m, t, r, b) : load_keep_rows(m, t, r, b);
}

void run_noise(const Machine& m, ThreadMemory& t, const RowInstruction& r, const NoiseStep& s,
               const Block& b) {
  float* dst = resolve(m, t, s.dst, origin(b, r.lead));
  auto* fill = s.is_normal ? fill_normal_rows : fill_uniform_rows;
  fill(m.step.keys[r.node], m.step.items + b.first_item, b.valid, m.step.epoch, 0, s.cols, dst,
       s.cols);
}

void run_product(const Machine& m, ThreadMemory& t, const ProductStep& s, const RowOrigin& at) {
  const Matmul& matmul = m.program.matmuls[static_cast<size_t>(s.matmul)];
  float* dst = resolve(m, t, s.dst, at);
  const void *a = t.half + s.cast, *b = nullptr;
  if (matmul.spec().bf16) {
    b = m.packed + m.program.memory.packed[static_cast<size_t>(s.packed)].offset;
  } else {
    a = resolve(m, t, s.src, at);
    b = m.arena + s.weight.offset;
  }
  matmul.run(a, b, dst, t.gemm_scratch);
}

void run_partial_sums(const Machine& m, ThreadMemory& t, const PartialSums& s, int64_t lead,
                      const Block& b) {
  const BatchSum& sum = m.program.memory.batch_sums[static_cast<size_t>(s.batch_sum)];
  const int64_t chunk = m.program.shape.chunk_rows;
  const float* src = resolve(m, t, s.src, origin(b, lead));
  const int64_t stride = s.src.row_stride * lead;
  for (int64_t row = 0; row < b.valid;) {
    const int64_t item = b.first_item + row, inside = item % chunk;
    const int64_t count = std::min(chunk - inside, b.valid - row);
    column_sum(src + row * stride, stride, count, s.cols, inside != 0,
               m.batch + sum.partials_offset + item / chunk * sum.chunk_stride);
    row += count;
  }
}

void keep_transposed(const Machine& m, ThreadMemory& t, const KeepStep& s, int64_t lead,
                     const Block& b) {
  const KeptOperand& c = m.program.memory.kept[static_cast<size_t>(s.kept)];
  const int64_t panel_items = m.program.panel_rows;
  const int64_t panel = b.first_item / panel_items;
  const int64_t column = (b.first_item % panel_items) * lead;
  const int64_t stride = c.row_stride;
  const int64_t valid = b.valid * lead, rows = b.rows * lead;
  const float* src = resolve(m, t, s.src, origin(b, lead));
  if (m.program.options.precision == Precision::kBF16) {
    uint16_t* dst = m.kept + c.offset + panel * c.panel_stride + column;
    rows_to_bf16_transposed(src, s.src.row_stride, valid, s.cols, dst, stride, rows);
    return;
  }
  float* dst = m.batch + c.offset + panel * c.panel_stride + column;
  transpose_f32(src, s.src.row_stride, valid, s.cols, dst, stride);
  if (valid == rows) return;
  for (int64_t col = 0; col < s.cols; ++col) {
    std::memset(dst + col * stride + valid, 0, static_cast<size_t>(rows - valid) * sizeof(float));
  }
}

void keep_rows(const Machine& m, ThreadMemory& t, const KeepStep& s, int64_t lead, const Block& b) {
  const KeptOperand& c = m.program.memory.kept[static_cast<size_t>(s.kept)];
  float* src = resolve(m, t, s.src, origin(b, lead));
  const int64_t valid = b.valid * lead, rows = b.rows * lead;
  if (m.program.options.precision == Precision::kF32) {
    // The value lies in the batch region already: only the rows beyond the batch are cleared.
    std::memset(src + valid * s.cols, 0, static_cast<size_t>((rows - valid) * s.cols) * 4);
    return;
  }
  keep_pairs(m, c, s.src, src, b.first_item * lead, valid, rows);
}

void run_keep(const Machine& m, ThreadMemory& t, const KeepStep& s, int64_t lead, const Block& b) {
  const bool transposed = m.program.memory.kept[static_cast<size_t>(s.kept)].transposed;
  return transposed ? keep_transposed(m, t, s, lead, b) : keep_rows(m, t, s, lead, b);
}

/// A pass adds its product to the part of its blocks; the first one of a part begins it. Rows
/// beyond the batch count as zeros.
void run_part(const Machine& m, ThreadMemory& t, const PartProduct& part, int64_t lead,
              const Block& b) {
  if (b.valid == 0) return;
  const PartSum& sum = m.program.memory.part_sums[static_cast<size_t>(part.sum)];
  const RowOrigin at = origin(b, lead);
  float* rows = resolve(m, t, part.b, at);
  const int64_t count = b.rows * lead, valid = b.valid * lead;
  const BlockShape& shape = m.program.shape;
  const int64_t part_rows = shape.part_blocks * shape.block_rows;
  const int64_t index = b.first_item / part_rows;
  const bool further = b.first_item % part_rows != 0;
  float* dst = m.batch + sum.offset + index * sum.stride;
  const auto which = static_cast<size_t>(further ? part.further : part.first);
  const Matmul& matmul = m.program.matmuls[which];
  if (matmul.spec().bf16) {
    uint16_t* packed = t.part_half + part.packed_halfs;
    rows_to_bf16_transposed(rows, part.b.row_stride, valid, part.b_cols, t.part_half,
                            matmul.spec().a_stride_m, part.packing.padded_k);
    pack_windows(m, t, part.windows, part.packing, {b.first_item, b.valid, b.in_block}, packed);
    return matmul.run(t.part_half, packed, dst, t.gemm_scratch);
  }
  if (part.makes_windows) run_windows(m, t, part.windows, b.items());
  float* a = resolve(m, t, part.a, at);
  for (int64_t row = valid; row < count; ++row) {
    std::memset(a + row * part.a.row_stride, 0, static_cast<size_t>(part.a_cols) * sizeof(float));
    std::memset(rows + row * part.b.row_stride, 0,
                static_cast<size_t>(part.b_cols) * sizeof(float));
  }
  matmul.run(a, rows, dst, t.gemm_scratch);
}

ChunkRange chunk_range(const Block& b, int64_t lead, int64_t cols) {
  const int64_t before = b.in_block * lead;
  return {.first_row = before,
          .end_row = before + b.rows * lead,
          .batch_row = b.first_item * lead - before,
          .valid_rows = before + b.valid * lead,
          .tile_row = before,
          .cols = cols};
}

void run_instruction(Machine& m, ThreadMemory& t, const RowInstruction& r, const Block& b,
                     int thread) {
  const int64_t lead = r.lead;
  std::visit(
      Overloaded{
          [&](const LoadStep& s) { run_load(m, t, s, lead, b); },
          [&](const LoadOperands& s) { run_load_operands(m, t, s, b); },
          [&](const NoiseStep& s) { run_noise(m, t, r, s, b); },
          [&](const CastStep& s) {
            rows_to_bf16(resolve(m, t, s.src, origin(b, lead)), s.src.row_stride, b.rows * lead,
                         s.cols, t.half + s.dst, Matmul::row_stride(s.cols), 0);
          },
          [&](const CastWindows& s) { run_cast_windows(m, t, s, b.items()); },
          [&](const ProductStep& s) { run_product(m, t, s, origin(b, lead)); },
          [&](const ChunkProgram& s) { run_chunk_program(m, t, s, chunk_range(b, lead, s.cols)); },
          [&](const Moves& s) { run_moves(m, t, s, b.items()); },
          [&](const Reduction& s) { run_reduce(m, t, s, b.items()); },
          [&](const Gather& s) { run_gather(m, t, s, b.items(), b.valid); },
          [&](const SmallProducts& s) { run_small_products(m, t, s, b.items()); },
          [&](const WindowStep& s) { run_windows(m, t, s, b.items()); },
          [&](const PartProduct& s) { run_part(m, t, s, lead, b); },
          [&](const ReferenceRef& s) {
            run_reference(m, m.program.references[static_cast<size_t>(s.index)], thread, b.items());
          },
          [&](const PartialSums& s) { run_partial_sums(m, t, s, lead, b); },
          [&](const KeepStep& s) { run_keep(m, t, s, lead, b); }},
      r.step);
}

/// A block without a valid row: only its share of what is kept for the batch is cleared.
void clear_kept(const Machine& m, ThreadMemory& t, const RowStageProgram& stage, const Block& b) {
  for (const RowInstruction& r : stage.instructions) {
    if (const auto* keep = std::get_if<KeepStep>(&r.step)) run_keep(m, t, *keep, r.lead, b);
    if (const auto* load = std::get_if<LoadOperands>(&r.step)) run_load_operands(m, t, *load, b);
    const auto* chunk = std::get_if<ChunkProgram>(&r.step);
    if (chunk == nullptr) continue;
    for (const ChunkStep& s : chunk->steps) {
      if (s.op != ChunkOp::kKeepPairs) continue;
      keep_pairs(m, m.program.memory.kept[static_cast<size_t>(s.index)], s.in[0], t.scratch,
                 b.first_item, 0, b.rows);
    }
  }
}

void run_block(Machine& m, const RowStageProgram& stage, int64_t block, int thread) {
  ThreadMemory& t = m.threads[static_cast<size_t>(thread)];
  const int64_t rows = m.program.shape.block_rows, first = block * rows;
  const int64_t valid = std::clamp<int64_t>(m.step.num_rows - first, 0, rows);
  if (valid == 0) {
    clear_kept(m, t, stage, {first, rows, 0, 0});
    return;
  }
  uint64_t start = ticks_now();
  for (const RowRun& run : stage.runs) {
    for (int64_t before = 0; before < rows; before += run.items) {
      const Block pass{first + before, run.items, std::clamp<int64_t>(valid - before, 0, run.items),
                       before};
      for (size_t k = run.first; k < run.end; ++k) {
        const RowInstruction& r = stage.instructions[k];
        run_instruction(m, t, r, pass, thread);
        const uint64_t end = ticks_now();
        t.ticks[static_cast<size_t>(r.cost)] += end - start;
        start = end;
      }
    }
  }
}

}  // namespace

LoadCall input_rows(const Machine& m, const InputBinding& in, const LoadRange& range) noexcept {
  LoadCall call;
  call.is_u8 = in.values.dtype() == Dtype::kU8;
  call.base = in.values.data() + range.first_col * (call.is_u8 ? 1 : 4);
  call.base_stride = in.cols;
  call.rows_ahead = range.rows_ahead;
  call.prefetch_cols = range.prefetch_cols;
  call.items = m.step.items + range.first;
  call.items_after = m.step.num_rows - range.first - range.valid;
  call.num_items = range.valid;
  call.rows = range.count;
  call.cols = range.cols;
  call.uniform = in.shift.size() == 1 && in.scale.size() == 1;
  call.shift = in.shift.data() + (call.uniform ? 0 : range.first_col);
  call.scale = in.scale.data() + (call.uniform ? 0 : range.first_col);
  return call;
}

void load_input(const Machine& m, const InputBinding& in, const LoadRange& range, float* dst,
                int64_t dst_stride) noexcept {
  LoadCall call = input_rows(m, in, range);
  call.dst = dst;
  call.dst_stride = dst_stride;
  load_rows(call);
}

void keep_pairs(const Machine& m, const KeptOperand& c, const Place& src, const float* rows,
                int64_t first, int64_t valid, int64_t count) noexcept {
  const int64_t panel_rows = m.program.panel_rows * c.rows_per_item;
  PackCall call;
  call.first_k = first % panel_rows;
  call.src = rows - call.first_k * src.row_stride;
  call.k_stride = src.row_stride;
  call.n_stride = 1;
  call.num_k = call.first_k + valid;
  call.end_k = call.first_k + count;
  call.padded_k = c.packing.padded_k;
  call.num_n = c.cols;
  call.block_n = c.packing.block_n;
  call.block_stride = c.packing.block_stride;
  call.end_block = (c.cols + c.packing.block_n - 1) / c.packing.block_n;
  call.dst = m.kept + c.offset + first / panel_rows * c.panel_stride;
  pack_bf16_pairs(call);
}

void run_row_blocks(Machine& m, const RowStageProgram& stage, int64_t part, int thread) noexcept {
  const BlockShape& shape = m.program.shape;
  const int64_t first = part * shape.part_blocks;
  const int64_t end = std::min(shape.num_blocks, first + shape.part_blocks);
  for (int64_t block = first; block < end; ++block) run_block(m, stage, block, thread);
}

}  // namespace isthmus
