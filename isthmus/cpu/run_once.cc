// SPDX-License-Identifier: Apache-2.0
// Once stages: a tile of a sum over the batch and everything that follows it, while it is hot.
#include <x86intrin.h>

#include <algorithm>
#include <cstring>

#include "isthmus/cpu/run.h"

namespace isthmus {

uint64_t ticks_now() noexcept { return __rdtsc(); }

namespace {

void run_outer_sum(Machine& m, ThreadMemory& t, const OnceProgram& g, const OnceTask& task) {
  const Program& p = m.program;
  const Crossing& a = p.crossings[static_cast<size_t>(g.crossing_a)];
  const Crossing& b = p.crossings[static_cast<size_t>(g.crossing_b)];
  const bool tail = task.end_row - task.first_row != g.tile_rows;
  const bool bf16 = p.options.precision == Precision::kBF16;
  float* dst = resolve(m, t, g.source_dst, {0, task.first_row, task.first_row});
  for (int64_t panel = 0; panel < p.num_panels; ++panel) {
    const int32_t first = tail ? g.matmul_tail_first : g.matmul_first;
    const int32_t next = tail ? g.matmul_tail_next : g.matmul_next;
    const auto index = static_cast<size_t>(panel == 0 ? first : next);
    const int64_t a_at = a.offset + panel * a.panel_stride + task.first_row * a.row_stride;
    const int64_t b_at = b.offset + panel * b.panel_stride;
    const void* a_data = bf16 ? static_cast<const void*>(m.crossing + a_at) : m.batch + a_at;
    const void* b_data = bf16 ? static_cast<const void*>(m.crossing + b_at) : m.batch + b_at;
    p.matmuls[index].run(*t.workspaces[index], a_data, b_data, dst, t.gemm_scratch);
  }
}

/// Partials of the chunks in a fixed binary tree over their indices.
void run_batch_tree(Machine& m, ThreadMemory& t, const OnceProgram& g) {
  const BatchSum& sum = m.program.batch_sums[static_cast<size_t>(g.batch_sum)];
  float* partials = m.batch + sum.partials_offset;
  for (int64_t step = 1; step < m.step.num_chunks; step *= 2) {
    for (int64_t k = 0; k + step < m.step.num_chunks; k += 2 * step) {
      add_into(partials + k * sum.chunk_stride, partials + (k + step) * sum.chunk_stride, sum.size);
    }
  }
  std::memcpy(resolve(m, t, g.source_dst, {}), partials,
              static_cast<size_t>(sum.size) * sizeof(float));
}

/// All values of a kOnce array: eight lanes in double, then the lanes in order.
float sum_all(const float* src, int64_t count) {
  double lanes[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int64_t k = 0; k < 8; ++k) lanes[k] += static_cast<double>(src[i + k]);
  }
  for (int64_t k = 0; i < count; ++i, ++k) lanes[k] += static_cast<double>(src[i]);
  double total = 0;
  for (double lane : lanes) total += lane;
  return static_cast<float>(total);
}

void run_scalar(Machine& m, const OnceProgram& g, int thread) {
  ReferenceStep& step = m.program.references[static_cast<size_t>(g.reference)];
  const size_t n = step.in.size(), set = static_cast<size_t>(thread) * n;
  const auto& inputs = m.program.graph.nodes()[g.node].inputs;
  for (size_t k = 0; k < n; ++k)
    step.in_values[set + k].data[0] = m.scalars64[look_through(m.program.plan, inputs[k])];
  RefArray& out = step.out_values[static_cast<size_t>(thread)];
  std::fill(out.data.begin(), out.data.end(), 0.0);
  const Node& node = m.program.graph.nodes()[g.node];
  node.op->reference({node.attrs, {step.in_pointers.data() + set, n}, 1, out});
  m.scalars64[g.node] = out.data[0];
  m.arena[m.program.places[g.node].offset] = static_cast<float>(out.data[0]);
}

}  // namespace

void run_reference(Machine& m, const ReferenceStep& step, int thread, int64_t batch_row,
                   int64_t rows) {
  const ThreadMemory& t = m.threads[static_cast<size_t>(thread)];
  auto& kept = const_cast<ReferenceStep&>(step);  // per-thread slots
  const Node& node = m.program.graph.nodes()[step.node];
  const size_t n = step.in.size(), set = static_cast<size_t>(thread) * n;
  const auto locate = [&](const RefArray& a, const Place& p) {
    const int64_t lead = geometry(a.type.shape).lead;
    return resolve(m, t, p, {a.type.extent == Extent::kPerRow ? batch_row * lead : 0, 0, 0});
  };
  for (size_t k = 0; k < n; ++k) {
    RefArray& a = kept.in_values[set + k];
    const Place& p = step.in[k];
    const int64_t cols = geometry(a.type.shape).cols;
    const float* src = locate(a, p);
    const auto total_rows = static_cast<int64_t>(a.data.size()) / std::max<int64_t>(cols, 1);
    for (int64_t r = 0; r < total_rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        a.data[static_cast<size_t>(r * cols + c)] = static_cast<double>(src[r * p.row_stride + c]);
      }
    }
    if (node.op->rows == RowUse::kBatchSum) a.rows = m.step.num_rows;
  }
  RefArray& out = kept.out_values[static_cast<size_t>(thread)];
  std::fill(out.data.begin(), out.data.end(), 0.0);
  const int64_t used = node.op->rows == RowUse::kBatchSum ? m.step.num_rows : rows;
  node.op->reference({node.attrs, {step.in_pointers.data() + set, n}, used, out});
  float* dst = locate(out, step.dst);
  for (size_t k = 0; k < out.data.size(); ++k) dst[k] = static_cast<float>(out.data[k]);
}

void pack_weight(const Machine& m, const PackedWeight& w, int64_t first_row,
                 int64_t end_row) noexcept {
  const Place& place = m.program.places[w.node];
  PackCall call;
  call.src = m.arena + place.offset;
  call.k_stride = w.transposed ? 1 : place.row_stride;
  call.n_stride = w.transposed ? place.row_stride : 1;
  call.num_k = w.num_k;
  call.num_n = w.num_n;
  call.padded_k = w.packing.padded_k;
  call.block_n = w.packing.block_n;
  call.block_stride = w.packing.block_stride;
  const int64_t blocks = (w.num_n + w.packing.block_n - 1) / w.packing.block_n;
  call.end_block = blocks;
  call.end_k = w.packing.padded_k;
  if (w.transposed) {
    call.first_block = first_row / w.packing.block_n;
    call.end_block = end_row >= w.num_n ? blocks : end_row / w.packing.block_n;
  } else {
    call.first_k = first_row;
    call.end_k = end_row >= w.num_k ? w.packing.padded_k : end_row;
  }
  call.dst = m.packed + w.offset;
  pack_bf16_pairs(call);
}

void run_once_task(Machine& m, const OnceStageProgram& stage, const OnceTask& task,
                   int thread) noexcept {
  ThreadMemory& t = m.threads[static_cast<size_t>(thread)];
  const OnceProgram& g = stage.programs[static_cast<size_t>(task.program)];
  const uint64_t start = ticks_now();
  Cost cost = Cost::kOther;
  switch (g.source) {
    case OnceSource::kNone:
      break;
    case OnceSource::kOuterSum:
      run_outer_sum(m, t, g, task);
      cost = Cost::kGemm;
      break;
    case OnceSource::kBatchSum:
      run_batch_tree(m, t, g);
      break;
    case OnceSource::kSumAll:
      *resolve(m, t, g.source_dst, {}) = sum_all(resolve(m, t, g.sum_src, {}), g.sum_count);
      break;
    case OnceSource::kReference:
      run_reference(m, m.program.references[static_cast<size_t>(g.reference)], thread, 0, 1);
      break;
    case OnceSource::kScalar:
      run_scalar(m, g, thread);
      break;
  }
  const uint64_t middle = ticks_now();
  t.ticks[static_cast<size_t>(cost)] += middle - start;
  if (g.chunks >= 0) {
    const ChunkProgram& chunk = m.program.chunk_programs[static_cast<size_t>(g.chunks)];
    run_chunk_program(m, t, chunk, {task.first_row, task.end_row, 0, task.first_row, 0});
    const uint64_t end = ticks_now();
    t.ticks[static_cast<size_t>(chunk.cost)] += end - middle;
    if (g.packs.empty()) return;
    for (const PackRange& r : g.packs) {
      pack_weight(m, m.program.packed[static_cast<size_t>(r.packed)], task.first_row, task.end_row);
    }
    t.ticks[static_cast<size_t>(Cost::kPacking)] += ticks_now() - end;
  }
}

}  // namespace isthmus
