// SPDX-License-Identifier: Apache-2.0
// Values moved, reduced over an axis, looked up or multiplied item by item: what a compiled step
// does besides elementwise chunks and products with shared matrices.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "isthmus/cpu/run.h"

namespace isthmus {
namespace {

/// One line: `size` values with steps.
void move_line(const float* src, int64_t src_step, float* dst, int64_t dst_step, int64_t size) {
  if (src == nullptr) {
    for (int64_t k = 0; k < size; ++k) dst[k * dst_step] = 0;
  } else if (src_step == 1 && dst_step == 1) {
    std::memcpy(dst, src, static_cast<size_t>(size) * sizeof(float));
  } else if (src_step == 0 && dst_step == 1) {
    std::fill_n(dst, size, *src);
  } else {
    for (int64_t k = 0; k < size; ++k) dst[k * dst_step] = src[k * src_step];
  }
}

void move_axes(const Move& move, size_t axis, const float* src, float* dst) {
  if (axis + 1 >= move.rank) {
    const bool one = move.rank == 0;
    return move_line(src, one ? 1 : move.src_step[axis], dst, one ? 1 : move.dst_step[axis],
                     one ? 1 : move.size[axis]);
  }
  for (int64_t k = 0; k < move.size[axis]; ++k) {
    move_axes(move, axis + 1, src == nullptr ? src : src + k * move.src_step[axis],
              dst + k * move.dst_step[axis]);
  }
}

/// Indices come from data: a bad one must not leave the table. The step fails when it has ended.
int64_t entry_of(ThreadMemory& t, float index, int64_t num_entries) {
  const bool valid =
      index >= 0 && index < static_cast<float>(num_entries) && index == std::floor(index);
  if (!valid && t.failure == nullptr) {
    t.failure = std::make_exception_ptr(
        Error(ErrorCode::kDataMismatch,
              "index " + std::to_string(index) + " of a table with " + std::to_string(num_entries) +
                  " entries",
              "give whole numbers from 0 to " + std::to_string(num_entries - 1)));
  }
  return valid ? static_cast<int64_t>(index) : 0;
}

}  // namespace

float* item_address(const Machine& m, const ThreadMemory& t, const Place& place, int64_t item_size,
                    const ItemRange& items) noexcept {
  switch (place.memory) {
    case Memory::kArena:
      return m.arena + place.offset;
    case Memory::kBatch:
      return m.batch + place.offset + items.first * item_size;
    case Memory::kBlock:
      return t.block + place.offset + items.in_block * item_size;
    case Memory::kPass:
      return t.block + place.offset;
    default:
      return nullptr;
  }
}

void run_moves(const Machine& m, ThreadMemory& t, const std::vector<Move>& moves,
               const ItemRange& items) noexcept {
  for (const Move& move : moves) {
    const float* src = item_address(m, t, move.src, move.src_item, items);
    float* dst = item_address(m, t, move.dst, move.dst_item, items);
    for (int64_t k = 0; k < items.count; ++k) {
      move_axes(move, 0, src == nullptr ? src : src + k * move.src_item, dst + k * move.dst_item);
    }
  }
}

void run_reduce(const Machine& m, ThreadMemory& t, const Reduction& r,
                const ItemRange& items) noexcept {
  const float* src = item_address(m, t, r.src, r.src_item, items);
  float* dst = item_address(m, t, r.dst, r.dst_item, items);
  const int64_t results = r.outer * (r.op == ReduceOp::kSoftmax ? r.size : r.inner);
  const bool one_call = r.inner == 1 && r.src_item == r.outer * r.size && r.dst_item == results;
  const int64_t calls = one_call ? 1 : items.count;
  for (int64_t k = 0; k < calls; ++k, src += r.src_item, dst += r.dst_item) {
    if (r.inner > 1) {
      for (int64_t i = 0; i < r.outer; ++i) {
        column_sum(src + i * r.size * r.inner, r.inner, r.size, r.inner, false, dst + i * r.inner);
      }
      continue;
    }
    const RowCall call{one_call ? items.count * r.outer : r.outer, r.size, src, r.size, dst,
                       r.op == ReduceOp::kSoftmax ? r.size : 1};
    if (r.op == ReduceOp::kSum) row_sum(call);
    if (r.op == ReduceOp::kLogSumExp) row_logsumexp(call);
    if (r.op == ReduceOp::kSoftmax) row_softmax(call);
  }
}

void run_small_products(const Machine& m, ThreadMemory& t, const SmallProducts& p,
                        const ItemRange& items) noexcept {
  const Matmul& matmul = m.program.matmuls[static_cast<size_t>(p.matmul)];
  const int64_t n = p.count;
  const float* a = item_address(m, t, p.a, n * p.a_size, items);
  const float* b = item_address(m, t, p.b, n * p.b_size, items);
  float* c = item_address(m, t, p.dst, n * p.c_size, items);
  for (int64_t k = 0; k < items.count * n; ++k) {
    matmul.run(a + k * p.a_size, b + k * p.b_size, c + k * p.c_size, t.gemm_scratch);
  }
}

void run_gather(const Machine& m, ThreadMemory& t, const Gather& g, const ItemRange& items,
                int64_t valid) noexcept {
  const float* table = item_address(m, t, g.table, 0, items);
  const float* index = item_address(m, t, g.index, g.index_item, items);
  float* dst = item_address(m, t, g.dst, g.per_item * g.width, items);
  const auto bytes = static_cast<size_t>(g.width) * sizeof(float);
  for (int64_t item = 0; item < items.count; ++item, index += g.index_item) {
    for (int64_t k = 0; k < g.per_item; ++k, dst += g.width) {
      // Rows beyond the batch hold anything.
      const int64_t entry = item < valid ? entry_of(t, index[k], g.num_entries) : 0;
      std::memcpy(dst, table + entry * g.width, bytes);
    }
  }
}

void run_scatter_sum(const Machine& m, ThreadMemory& t, const ScatterSum& s, float* dst,
                     int64_t first_entry, int64_t end_entry) noexcept {
  std::memset(dst, 0, static_cast<size_t>((end_entry - first_entry) * s.width) * sizeof(float));
  const float* index = m.batch + s.index.offset;
  const float* rows = m.batch + s.rows.offset;
  for (int64_t k = 0; k < m.step.num_rows * s.per_item; ++k, rows += s.row_step) {
    const float at = index[k / s.per_item * s.index_item + k % s.per_item];
    const int64_t entry = entry_of(t, at, s.num_entries);
    if (entry < first_entry || entry >= end_entry) continue;
    float* sum = dst + (entry - first_entry) * s.width;
    for (int64_t c = 0; c < s.width; ++c) sum[c] += rows[c];
  }
}

void run_replace_rows(const Machine& m, ThreadMemory& t, const ScatterSum& s, float* dst) noexcept {
  const float* table = m.arena + s.table.offset;
  const auto bytes = static_cast<size_t>(s.width) * sizeof(float);
  if (dst != table) std::memcpy(dst, table, static_cast<size_t>(s.num_entries) * bytes);
  const float* index = m.batch + s.index.offset;
  const float* rows = m.batch + s.rows.offset;
  for (int64_t k = 0; k < m.step.num_rows; ++k, index += s.index_item, rows += s.row_step) {
    if (*index >= static_cast<float>(s.num_entries)) continue;
    std::memcpy(dst + entry_of(t, *index, s.num_entries) * s.width, rows, bytes);
  }
}

}  // namespace isthmus
