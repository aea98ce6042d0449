// SPDX-License-Identifier: Apache-2.0
// Once stages: a tile of a sum over the batch and everything that follows it, while it is hot.
#include <x86intrin.h>

#include <algorithm>
#include <cstring>

#include "isthmus/cpu/run.h"

namespace isthmus {

uint64_t ticks_now() noexcept { return __rdtsc(); }

namespace {

/// The rows of the transposed first factor that a tile needs, from the stored input: its columns
/// [first_row, end_row) of all items of a panel.
void transpose_input(const Machine& m, ThreadMemory& t, const InputBinding& in,
                     const Rectangle& tile, int64_t panel) {
  constexpr int64_t kRows = 32;  // one cache line of bf16 values
  const int64_t first = panel * m.program.panel_rows,
                stride = Matmul::row_stride(m.program.panel_rows);
  for (int64_t row = 0; row < m.program.panel_rows; row += kRows) {
    const int64_t count = std::min(kRows, m.program.panel_rows - row);
    const int64_t valid = std::clamp<int64_t>(m.step.num_rows - first - row, 0, count);
    LoadCall call = input_rows(
        m, in, {first + row, valid, count, tile.first_row, tile.rows(), kPartsAhead, tile.rows()});
    uint16_t* dst = t.tile_half + row;
    if (call.is_u8 && call.uniform) {
      stored_to_bf16_transposed(call, dst, stride);
      continue;
    }
    call.dst = t.scratch;
    call.dst_stride = tile.rows();
    load_rows(call);
    rows_to_bf16_transposed(t.scratch, tile.rows(), valid, tile.rows(), dst, stride, count);
  }
}

/// Returns the ticks spent on the input, which are not the product's.
uint64_t run_outer_sum(const Machine& m, ThreadMemory& t, const OnceProgram& g,
                       const OuterSum& source, const Rectangle& tile) {
  uint64_t moved = 0;
  const Program& p = m.program;
  const KeptOperand& b = p.memory.kept[static_cast<size_t>(source.kept_b)];
  const bool bf16 = p.options.precision == Precision::kBF16;
  const auto& by_panel =
      source.products.index[tile.rows() != g.tile_rows][tile.cols() != g.tile_cols];
  const int64_t b_col =
      bf16 ? tile.first_col / std::max<int64_t>(1, b.packing.block_n) * b.packing.block_stride
           : tile.first_col;
  float* dst = resolve(m, t, g.source_dst, {0, tile.first_row, tile.first_row, tile.first_col});
  for (int64_t panel = 0; panel < p.num_panels; ++panel) {
    const auto index = static_cast<size_t>(by_panel[panel == 0 ? 0 : 1]);
    const int64_t b_at = b.offset + panel * b.panel_stride + b_col;
    const void* a_data = t.tile_half;
    if (source.input >= 0) {
      const uint64_t start = ticks_now();
      transpose_input(m, t, p.inputs[static_cast<size_t>(source.input)], tile, panel);
      moved += ticks_now() - start;
    } else {
      const KeptOperand& a = p.memory.kept[static_cast<size_t>(source.kept_a)];
      const int64_t a_at = a.offset + panel * a.panel_stride + tile.first_row * a.row_stride;
      a_data = bf16 ? static_cast<const void*>(m.kept + a_at) : m.batch + a_at;
    }
    const void* b_data = bf16 ? static_cast<const void*>(m.kept + b_at) : m.batch + b_at;
    p.matmuls[index].run(a_data, b_data, dst, t.gemm_scratch);
  }
  return moved;
}

/// The first factor of a product as bf16 rows of the tile.
const uint16_t* cast_factor(const Machine& m, ThreadMemory& t, const OnceProduct& p,
                            const Rectangle& tile) {
  const int64_t stride = Matmul::row_stride(p.num_k);
  const int64_t padded = MatmulPacking::of(1, p.num_k).padded_k;
  const float* a = m.arena + p.a.offset;
  if (p.a_transposed) {
    rows_to_bf16_transposed(a + tile.first_row, p.a.row_stride, p.num_k, tile.rows(), t.tile_half,
                            stride, padded);
  } else {
    rows_to_bf16(a + tile.first_row * p.a.row_stride, p.a.row_stride, tile.rows(), p.num_k,
                 t.tile_half, stride, padded - p.num_k);
  }
  return t.tile_half;
}

void run_product(const Machine& m, ThreadMemory& t, const OnceProgram& g, const OnceProduct& source,
                 const Rectangle& tile) {
  const auto index = static_cast<size_t>(
      source.products.index[tile.rows() != g.tile_rows][tile.cols() != g.tile_cols][0]);
  const Matmul& matmul = m.program.matmuls[index];
  float* dst = resolve(m, t, g.source_dst, {0, tile.first_row, tile.first_row, tile.first_col});
  const void* a = m.arena + source.a.offset + tile.first_row * matmul.spec().a_stride_m;
  const void* b = m.arena + source.b.offset;
  if (matmul.spec().bf16) {
    a = cast_factor(m, t, source, tile);
    b = m.packed + m.program.memory.packed[static_cast<size_t>(source.weight)].offset;
  }
  matmul.run(a, b, dst, t.gemm_scratch);
}

/// Partials of the chunks in a fixed binary tree over their indices.
void run_batch_tree(const Machine& m, const ThreadMemory& t, const OnceProgram& g,
                    const TreeSum& source) {
  const BatchSum& sum = m.program.memory.batch_sums[static_cast<size_t>(source.batch_sum)];
  float* partials = m.batch + sum.partials_offset;
  for (int64_t step = 1; step < m.step.num_chunks; step *= 2) {
    for (int64_t k = 0; k + step < m.step.num_chunks; k += 2 * step) {
      add_into(partials + k * sum.chunk_stride, partials + (k + step) * sum.chunk_stride, sum.size);
    }
  }
  std::memcpy(resolve(m, t, g.source_dst, {}), partials,
              static_cast<size_t>(sum.size) * sizeof(float));
}

/// The parts that hold rows of this step, in their order.
void run_parts(const Machine& m, const ThreadMemory& t, const OnceProgram& g,
               const SumOfParts& source, const Rectangle& tile) {
  const PartSum& sum = m.program.memory.part_sums[static_cast<size_t>(source.part_sum)];
  const int64_t part_rows = m.program.shape.part_blocks * m.program.shape.block_rows;
  const int64_t parts = (m.step.num_rows + part_rows - 1) / part_rows;
  const float* part = m.batch + sum.offset;
  float* dst = resolve(m, t, g.source_dst, {0, tile.first_row, tile.first_row, 0});
  const auto add_parts = [&](int64_t first, int64_t count, float* to) {
    std::memcpy(to, part + first, static_cast<size_t>(count) * sizeof(float));
    for (int64_t k = 1; k < parts; ++k) add_into(to, part + k * sum.stride + first, count);
  };
  if (!sum.transposed) return add_parts(tile.first_row * sum.cols, tile.rows() * sum.cols, dst);
  for (int64_t col = 0; col < sum.cols; ++col) {
    add_parts(col * sum.rows + tile.first_row, tile.rows(), t.scratch + col * tile.rows());
  }
  transpose_f32(t.scratch, tile.rows(), sum.cols, tile.rows(), dst, sum.cols);
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

void run_scalar(Machine& m, const OnceProgram& g, const ScalarStep& source, int thread) {
  ReferenceStep& step = m.program.references[static_cast<size_t>(source.reference)];
  const size_t n = step.in.size(), set = static_cast<size_t>(thread) * n;
  const auto& inputs = m.program.graph.nodes()[g.node].inputs;
  for (size_t k = 0; k < n; ++k)
    step.in_values[set + k].data[0] = m.scalars64[look_through(m.program.plan, inputs[k])];
  RefArray& out = step.out_values[static_cast<size_t>(thread)];
  std::fill(out.data.begin(), out.data.end(), 0.0);
  const Node& node = m.program.graph.nodes()[g.node];
  node.op->reference({node.attrs, {step.in_pointers.data() + set, n}, 1, out});
  m.scalars64[g.node] = out.data[0];
  m.arena[m.program.memory.places[g.node].offset] = static_cast<float>(out.data[0]);
}

}  // namespace

void run_reference(Machine& m, const ReferenceStep& step, int thread,
                   const ItemRange& items) noexcept {
  ThreadMemory& t = m.threads[static_cast<size_t>(thread)];
  auto& kept = const_cast<ReferenceStep&>(step);  // per-thread slots
  const Node& node = m.program.graph.nodes()[step.node];
  const size_t n = step.in.size(), set = static_cast<size_t>(thread) * n;
  const auto locate = [&](const RefArray& a, const Place& p) {
    const int64_t lead = geometry(a.type.shape).lead;
    if (a.type.extent != Extent::kPerRow) return resolve(m, t, p, {});
    const int64_t before = items.in_block * lead;
    return resolve(m, t, p, {items.first * lead - before, before, before});
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
  const int64_t used = node.op->rows == RowUse::kBatchSum ? m.step.num_rows : items.count;
  try {
    node.op->reference({node.attrs, {step.in_pointers.data() + set, n}, used, out});
  } catch (...) {
    if (t.failure == nullptr) t.failure = std::current_exception();
  }
  float* dst = locate(out, step.dst);
  for (size_t k = 0; k < out.data.size(); ++k) dst[k] = static_cast<float>(out.data[k]);
}

void pack_weights(const Machine& m, const std::vector<int32_t>& packs) noexcept {
  const auto strips_of = [](const PackedWeight& w) {
    return (w.num_n + w.packing.block_n - 1) / w.packing.block_n;
  };
  constexpr int64_t kValuesPerTask = 16'384;
  for (int32_t k : packs) {
    const PackedWeight& w = m.program.memory.packed[static_cast<size_t>(k)];
    const int64_t strips = strips_of(w);
    const int64_t each =
        std::max<int64_t>(1, kValuesPerTask / (w.packing.padded_k * w.packing.block_n));
    auto body = [&](int64_t task, int) {
      const int64_t first = task * each * w.packing.block_n;
      const int64_t end = std::min(w.num_n, first + each * w.packing.block_n);
      const Rectangle columns{0, w.num_k, first, end}, rows{first, end, 0, w.num_k};
      pack_weight(m, w, w.transposed ? rows : columns);
    };
    const int64_t tasks = (strips + each - 1) / each;
    if (tasks == 1) {
      body(0, 0);
    } else {
      m.pool.run(tasks, body);
    }
  }
}

void pack_weight(const Machine& m, const PackedWeight& w, const Rectangle& part) noexcept {
  const Place& place = m.program.memory.places[w.node];
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
  const int64_t first_n = w.transposed ? part.first_row : part.first_col;
  const int64_t end_n = w.transposed ? part.end_row : part.end_col;
  const int64_t end_k = w.transposed ? part.end_col : part.end_row;
  call.first_block = first_n / w.packing.block_n;
  call.end_block = end_n >= w.num_n ? blocks : end_n / w.packing.block_n;
  call.first_k = w.transposed ? part.first_col : part.first_row;
  call.end_k = end_k >= w.num_k ? w.packing.padded_k : end_k;
  call.dst = m.packed + w.offset;
  pack_bf16_pairs(call);
}

namespace {

/// What a tile begins with. Returns its time class; `moved`: ticks spent on the input instead.
Cost run_source(Machine& m, ThreadMemory& t, const OnceProgram& g, const Rectangle& tile,
                int thread, uint64_t& moved) {
  const auto whole = [&] { return resolve(m, t, g.source_dst, {}); };
  std::visit(
      Overloaded{[](std::monostate) {},
                 [&](const OuterSum& s) { moved = run_outer_sum(m, t, g, s, tile); },
                 [&](const SumOfParts& s) { run_parts(m, t, g, s, tile); },
                 [&](const OnceProduct& s) { run_product(m, t, g, s, tile); },
                 [&](const TreeSum& s) { run_batch_tree(m, t, g, s); },
                 [&](const ScatterSource& s) {
                   if (s.replaces) return run_replace_rows(m, t, s.rows, whole());
                   run_scatter_sum(m, t, s.rows, whole(), 0, s.rows.num_entries);
                 },
                 [&](const SumAll& s) { *whole() = sum_all(resolve(m, t, s.src, {}), s.count); },
                 [&](const Reduction& s) { run_reduce(m, t, s, {}); },
                 [&](const Moves& s) { run_moves(m, t, s, {}); },
                 [&](const WindowStep& s) { run_windows(m, t, s, {}); },
                 [&](const ReferenceRef& s) {
                   run_reference(m, m.program.references[static_cast<size_t>(s.index)], thread, {});
                 },
                 [&](const ScalarStep& s) { run_scalar(m, g, s, thread); }},
      g.source);
  const bool multiplies =
      std::holds_alternative<OuterSum>(g.source) || std::holds_alternative<OnceProduct>(g.source);
  return multiplies ? Cost::kGemm : Cost::kOther;
}

}  // namespace

void run_once_task(Machine& m, const OnceStageProgram& stage, const OnceTask& task,
                   int thread) noexcept {
  ThreadMemory& t = m.threads[static_cast<size_t>(thread)];
  const OnceProgram& g = stage.programs[static_cast<size_t>(task.program)];
  const Rectangle& tile = task.tile;
  const uint64_t start = ticks_now();
  uint64_t moved = 0;
  const Cost cost = run_source(m, t, g, tile, thread, moved);
  const uint64_t middle = ticks_now();
  t.ticks[static_cast<size_t>(Cost::kInput)] += moved;
  t.ticks[static_cast<size_t>(cost)] += middle - start - moved;
  if (g.chunks.steps.empty()) return;
  run_chunk_program(
      m, t, g.chunks,
      {tile.first_row, tile.end_row, 0, 0, tile.first_row, tile.first_col, tile.cols()});
  const uint64_t end = ticks_now();
  t.ticks[static_cast<size_t>(g.chunks.cost)] += end - middle;
  if (g.packs.empty()) return;
  for (int32_t k : g.packs) {
    pack_weight(m, m.program.memory.packed[static_cast<size_t>(k)], tile);
  }
  t.ticks[static_cast<size_t>(Cost::kPacking)] += ticks_now() - end;
}

}  // namespace isthmus
