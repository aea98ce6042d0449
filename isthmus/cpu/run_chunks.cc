// SPDX-License-Identifier: Apache-2.0
// Elementwise programs, chunk by chunk: all steps run on a few thousand values before the next
// chunk, so intermediates stay in the L1 cache.
#include <algorithm>

#include "isthmus/cpu/run.h"

namespace isthmus {

float* resolve(const Machine& m, const ThreadMemory& t, const Place& p, const RowOrigin& at) {
  const int64_t row = at.block_row;
  switch (p.memory) {
    case Memory::kArena:
      return m.arena + p.offset + (row / p.row_repeat) * p.row_stride + at.first_col * p.col_stride;
    case Memory::kBatch:
      return m.batch + p.offset + ((at.batch_row + row) / p.row_repeat) * p.row_stride;
    case Memory::kBlock:
      return t.block + p.offset + (row / p.row_repeat) * p.row_stride;
    case Memory::kPass:
      return t.block + p.offset + (row - at.tile_row) / p.row_repeat * p.row_stride;
    case Memory::kTile:
      return t.tile + p.offset + (row - at.tile_row) * p.row_stride;
    case Memory::kScratch:
      return t.scratch + p.offset;
    case Memory::kStored:
    case Memory::kRounded:
    case Memory::kNone:
      break;
  }
  return nullptr;
}

namespace {

Operand operand_at(const Machine& m, const ThreadMemory& t, const Place& p, const RowOrigin& at) {
  return {resolve(m, t, p, at), p.row_stride, p.col_stride, p.row_repeat};
}

void run_elementwise(const Machine& m, const ThreadMemory& t, const ChunkStep& s, int64_t rows,
                     int64_t cols, const RowOrigin& at) {
  ElementwiseCall call;
  call.rows = rows;
  call.cols = cols;
  for (int k = 0; k < s.num_in; ++k) {
    call.in[k] = operand_at(m, t, s.in[static_cast<size_t>(k)], at);
  }
  call.dst = resolve(m, t, s.dst, at);
  call.dst_stride = s.dst.row_stride;
  call.attr[0] = s.attr[0];
  call.attr[1] = s.attr[1];
  s.kernel(call);
}

void run_adam(const Machine& m, const ThreadMemory& t, const ChunkStep& s, int64_t rows,
              int64_t cols, const RowOrigin& at) {
  AdamCall call;
  call.rows = rows;
  call.cols = cols;
  call.gradient_stride = s.state[0].row_stride;
  call.stride = s.state[3].row_stride;
  call.gradient = resolve(m, t, s.state[0], at);
  call.m = resolve(m, t, s.state[1], at);
  call.v = resolve(m, t, s.state[2], at);
  call.w = resolve(m, t, s.state[3], at);
  const auto scalar = [&](size_t k) { return *resolve(m, t, s.scalars[k], at); };
  call.rest1 = scalar(0);
  call.rest2 = scalar(1);
  call.correction1 = scalar(2);
  call.correction2 = scalar(3);
  call.rate = scalar(4);
  call.epsilon = scalar(5);
  adam_update(call);
}

void run_bias_relu(const Machine& m, const ThreadMemory& t, const ChunkStep& s, int64_t rows,
                   int64_t cols, const RowOrigin& at) {
  BiasReluCall call;
  call.rows = rows;
  call.cols = cols;
  call.src = resolve(m, t, s.in[0], at);
  call.src_stride = s.in[0].row_stride;
  call.bias = resolve(m, t, s.in[1], at);
  call.dst = resolve(m, t, s.dst, at);
  call.dst_stride = s.dst.row_stride;
  bias_relu(call);
}

void run_reduction(const Machine& m, const ThreadMemory& t, const ChunkStep& s, int64_t rows,
                   int64_t cols, const RowOrigin& at) {
  RowCall call;
  call.rows = rows;
  call.cols = cols;
  call.src = resolve(m, t, s.in[0], at);
  call.src_stride = s.in[0].row_stride;
  call.dst = resolve(m, t, s.dst, at);
  call.dst_stride = s.dst.row_stride;
  if (s.op == ChunkOp::kRowSum) {
    row_sum(call);
  } else {
    row_logsumexp(call);
  }
}

/// The rows of one chunk inside a block.
struct ChunkRows {
  int64_t row = 0, count = 0;  // of the block
  int64_t valid = 0;           // rows of the chunk inside the batch
  int64_t batch_row = 0;       // of the chunk
};

/// Rows of a stored input. They were read before and lie in a cache; those of the next block are
/// asked for meanwhile.
LoadCall stored_rows(const Machine& m, const ChunkStep& s, const ChunkRows& rows, int64_t cols) {
  return input_rows(
      m, m.program.inputs[static_cast<size_t>(s.index)],
      {rows.batch_row, rows.valid, rows.count, 0, cols, m.program.shape.block_rows, cols});
}

void load_to(LoadCall call, float* dst, int64_t dst_stride) {
  call.dst = dst;
  call.dst_stride = dst_stride;
  load_rows(call);
}

/// As many rows at a time as share x and scale: all; the draws of an item; or one.
void run_bernoulli(const Machine& m, const ThreadMemory& t, const ChunkStep& s,
                   const ChunkRows& rows, int64_t cols, const RowOrigin& at) {
  const bool own_scales = s.in[2].valid() && s.in[2].row_stride != 0;
  const int64_t repeat = s.in[1].row_repeat;
  BernoulliCall call;
  call.rows = repeat > 1 ? std::min(repeat, rows.count) : rows.count;
  if (own_scales) call.rows = 1;
  call.cols = cols;
  call.logits = resolve(m, t, s.in[0], at);
  call.logits_stride = s.in[0].row_stride;
  if (s.state[0].valid()) call.bias = resolve(m, t, s.state[0], at);
  call.log_prob = resolve(m, t, s.dst, at);
  call.gradient = resolve(m, t, s.dst2, at);
  call.gradient_stride = s.dst2.row_stride;
  float* x = resolve(m, t, s.in[1], at);
  call.x_stride = repeat > 1 ? 0 : s.in[1].row_stride;
  const float* scale = s.in[2].valid() ? resolve(m, t, s.in[2], at) : nullptr;
  if (s.index >= 0) {
    const LoadCall stored = stored_rows(m, s, rows, cols);
    if (stored.is_u8 && stored.uniform && !own_scales) {
      call.scale = -*scale;
      return bernoulli_log_prob_and_gradient(call, stored);
    }
    load_to(stored, x, s.in[1].row_stride);
  }
  for (int64_t row = 0; row < rows.count; row += call.rows) {
    // The graph's gradient is scale * (x - sigmoid); the kernel's is scale * (sigmoid - x).
    call.scale = scale == nullptr ? -1.0f : -scale[row * s.in[2].row_stride];
    call.x = x + row / repeat * s.in[1].row_stride;
    bernoulli_log_prob_and_gradient(call);
    call.logits += call.rows * call.logits_stride;
    call.log_prob += call.rows;
    call.gradient += call.rows * call.gradient_stride;
  }
}

void run_cast(const Machine& m, const ThreadMemory& t, const ChunkStep& s, const ChunkRows& rows,
              int64_t cols, const RowOrigin& at) {
  const int64_t stride = Matmul::row_stride(cols);
  rows_to_bf16(resolve(m, t, s.in[0], at), s.in[0].row_stride, rows.count, cols,
               t.half + s.half_offset + (rows.row - at.tile_row) * stride, stride, 0);
}

/// Adds rows to the partial sums of their items; a partial begins at its first row.
void run_column_sum(const Machine& m, const ThreadMemory& t, const ChunkStep& s,
                    const ChunkRows& rows, int64_t cols, const RowOrigin& at) {
  const BatchSum& sum = m.program.memory.batch_sums[static_cast<size_t>(s.index)];
  const int64_t chunk = m.program.shape.chunk_rows, stride = s.in[0].row_stride;
  const float* src = resolve(m, t, s.in[0], at);
  for (int64_t r = 0; r < rows.valid;) {
    const int64_t item = rows.batch_row + r, inside = item % chunk;
    const int64_t count = std::min(chunk - inside, rows.valid - r);
    column_sum(src + r * stride, stride, count, cols, inside != 0,
               m.batch + sum.partials_offset + item / chunk * sum.chunk_stride);
    r += count;
  }
}

void run_step(Machine& m, ThreadMemory& t, const ChunkStep& s, const ChunkRows& rows, int64_t cols,
              const RowOrigin& at) {
  switch (s.op) {
    case ChunkOp::kElementwise:
      return run_elementwise(m, t, s, rows.count, cols, at);
    case ChunkOp::kBernoulli:
      return run_bernoulli(m, t, s, rows, cols, at);
    case ChunkOp::kAdam:
      return run_adam(m, t, s, rows.count, cols, at);
    case ChunkOp::kBiasRelu:
      return run_bias_relu(m, t, s, rows.count, cols, at);
    case ChunkOp::kRowSum:
    case ChunkOp::kLogSumExp:
      return run_reduction(m, t, s, rows.count, cols, at);
    case ChunkOp::kLoad:
      return load_to(stored_rows(m, s, rows, cols), resolve(m, t, s.dst, at), s.dst.row_stride);
    case ChunkOp::kCast:
      return run_cast(m, t, s, rows, cols, at);
    case ChunkOp::kKeepPairs:
      return keep_pairs(m, m.program.memory.kept[static_cast<size_t>(s.index)], s.in[0],
                        resolve(m, t, s.in[0], at), rows.batch_row, rows.valid, rows.count);
    case ChunkOp::kColumnSum:
      return run_column_sum(m, t, s, rows, cols, at);
  }
}

}  // namespace

void run_chunk_program(Machine& m, ThreadMemory& t, const ChunkProgram& chunk,
                       const ChunkRange& range) noexcept {
  for (int64_t row = range.first_row; row < range.end_row; row += chunk.chunk_rows) {
    ChunkRows rows;
    rows.row = row;
    rows.count = std::min(chunk.chunk_rows, range.end_row - row);
    rows.valid = std::clamp<int64_t>(range.valid_rows - row, 0, rows.count);
    rows.batch_row = range.batch_row + row;
    const RowOrigin at{range.batch_row, row, range.tile_row, range.first_col};
    for (const ChunkStep& s : chunk.steps) run_step(m, t, s, rows, range.cols, at);
  }
}

}  // namespace isthmus
