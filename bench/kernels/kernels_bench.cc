// SPDX-License-Identifier: Apache-2.0
// Nanoseconds per value of the hot vector kernels, one thread. Data are random and fit the cache
// named by the benchmark; "ns" is per value.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {
namespace {

/// Aligned like the engine's arena: whole cache lines, no two buffers 4 KiB apart.
template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t count) : memory_(static_cast<size_t>(count) * sizeof(T) + 8192) {
    static uintptr_t stagger = 0;
    stagger = (stagger + 704) % 4096;
    const auto begin = reinterpret_cast<uintptr_t>(memory_.data());
    data_ = reinterpret_cast<T*>((begin + 4095) / 4096 * 4096 + stagger);
    count_ = static_cast<size_t>(count);
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return count_; }
  T* begin() { return data_; }
  T* end() { return data_ + count_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  std::vector<char> memory_;
  T* data_;
  size_t count_;
};

Buffer<float> noise(int64_t count, uint64_t item = 0) {
  Buffer<float> values(count);
  fill_normal(RngKey{1, 2}, item, 0, 0, values.data(), count);
  return values;
}

void report(benchmark::State& state, int64_t values) {
  state.counters["ns"] = benchmark::Counter(
      static_cast<double>(values) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// All operands dense: rows x cols from L1.
void elementwise(benchmark::State& state, const char* op) {
  constexpr int64_t kCount = 2048;
  const auto a = noise(kCount), b = noise(kCount, 1), c = noise(kCount, 2);
  Buffer<float> dst(kCount);
  ElementwiseCall call;
  call.rows = 16;
  call.cols = call.dst_stride = kCount / 16;
  call.in[0] = {a.data(), call.cols, 1, 1};
  call.in[1] = {b.data(), call.cols, 1, 1};
  call.in[2] = {c.data(), call.cols, 1, 1};
  call.dst = dst.data();
  const ElementwiseKernel kernel = find_elementwise_kernel(op);
  for (auto _ : state) {
    kernel(call);
    benchmark::ClobberMemory();
  }
  report(state, kCount);
}

/// A matrix with a row vector (bias) or with one value per row.
void broadcast(benchmark::State& state, int64_t cols, bool per_row) {
  constexpr int64_t kRows = 16;
  const auto a = noise(kRows * cols), b = noise(cols + kRows, 1);
  Buffer<float> dst(kRows * cols);
  ElementwiseCall call;
  call.rows = kRows;
  call.cols = call.dst_stride = cols;
  call.in[0] = {a.data(), cols, 1, 1};
  call.in[1] = per_row ? Operand{b.data(), 1, 0, 1} : Operand{b.data(), 0, 1, 1};
  call.dst = dst.data();
  const ElementwiseKernel kernel = find_elementwise_kernel("add");
  for (auto _ : state) {
    kernel(call);
    benchmark::ClobberMemory();
  }
  report(state, kRows * cols);
}

void bernoulli(benchmark::State& state, int64_t rows) {
  constexpr int64_t kCols = 784;
  const auto logits = noise(rows * kCols);
  Buffer<float> x(rows * kCols), gradient(rows * kCols);
  const Buffer<float> values = noise(rows * kCols, 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = values[i] > 0 ? 1.0f : 0.0f;
  Buffer<float> log_prob(rows);
  for (auto _ : state) {
    bernoulli_log_prob_and_gradient({rows, kCols, logits.data(), kCols, nullptr, x.data(), kCols,
                                     0.5f, log_prob.data(), gradient.data(), kCols});
    benchmark::ClobberMemory();
  }
  report(state, rows * kCols);
}

void adam(benchmark::State& state, int64_t count) {
  const auto g = noise(count);
  auto m = noise(count, 1), v = noise(count, 2), w = noise(count, 3);
  for (float& x : v) x *= x;
  AdamCall call;
  call.cols = count;
  call.gradient = g.data();
  call.m = m.data();
  call.v = v.data();
  call.w = w.data();
  call.rate = 1e-3f;
  for (auto _ : state) {
    adam_update(call);
    benchmark::ClobberMemory();
  }
  report(state, count);
}

enum class Layout { kRows, kTransposed, kPairs };
void bf16(benchmark::State& state, Layout layout, int64_t rows, int64_t cols) {
  const auto src = noise(rows * cols);
  Buffer<uint16_t> dst(2 * (rows + 64) * (cols + 64));
  for (auto _ : state) {
    switch (layout) {
      case Layout::kRows:
        rows_to_bf16(src.data(), cols, rows, cols, dst.data(), cols, 0);
        break;
      case Layout::kTransposed:
        rows_to_bf16_transposed(src.data(), cols, rows, cols, dst.data(), rows + 32, rows);
        break;
      case Layout::kPairs:
        rows_to_bf16_pairs(src.data(), cols, rows, cols, dst.data(), 2 * cols);
        break;
    }
    benchmark::ClobberMemory();
  }
  report(state, rows * cols);
}

void pack(benchmark::State& state, bool along_k) {
  constexpr int64_t kK = 784, kN = 128;
  const auto src = noise(kK * kN);
  Buffer<uint16_t> dst(kK * kN);
  PackCall call;
  call.src = src.data();
  call.k_stride = along_k ? 1 : kN;
  call.n_stride = along_k ? kK : 1;
  call.num_k = call.padded_k = call.end_k = kK;
  call.num_n = kN;
  call.block_stride = kK * 32;
  call.end_block = kN / 32;
  call.dst = dst.data();
  for (auto _ : state) {
    pack_bf16_pairs(call);
    benchmark::ClobberMemory();
  }
  report(state, kK * kN);
}

void load(benchmark::State& state, bool is_u8) {
  constexpr int64_t kItems = 1024, kRows = 64, kCols = 784;
  Buffer<uint8_t> bytes(kItems * kCols);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i % 97);
  const Buffer<float> values = noise(is_u8 ? 1 : kItems * kCols);
  const void* base = is_u8 ? static_cast<const void*>(bytes.data()) : values.data();
  std::vector<int64_t> items;
  for (int64_t r = 0; r < kRows; ++r) items.push_back(r * 37 % kItems);
  Buffer<float> dst(kRows * kCols);
  const float shift = 0, scale = 1.0f / 255;
  LoadCall call{.base = base, .base_stride = kCols, .is_u8 = is_u8, .items = items.data()};
  call.num_items = call.rows = kRows;
  call.cols = call.dst_stride = kCols;
  call.shift = &shift;
  call.scale = &scale;
  call.dst = dst.data();
  for (auto _ : state) {
    load_rows(call);
    benchmark::ClobberMemory();
  }
  report(state, kRows * kCols);
}

void normals(benchmark::State& state) {
  constexpr int64_t kRows = 64, kCols = 20;
  std::vector<int64_t> items;
  for (int64_t r = 0; r < kRows; ++r) items.push_back(r);
  Buffer<float> dst(kRows * kCols);
  for (auto _ : state) {
    fill_normal_rows(RngKey{3, 4}, items.data(), kRows, 1, 0, kCols, dst.data(), kCols);
    benchmark::ClobberMemory();
  }
  report(state, kRows * kCols);
}

enum class Reduction { kRowSum, kLogSumExp, kSoftmax, kColumnSum, kSquares, kFinite };
void reduce(benchmark::State& state, Reduction kind) {
  constexpr int64_t kRows = 16, kCols = 256;
  const auto src = noise(kRows * kCols);
  Buffer<float> dst(kRows * kCols);
  const RowCall call = {kRows, kCols, src.data(), kCols, dst.data(), kCols};
  for (auto _ : state) {
    if (kind == Reduction::kRowSum) row_sum(call);
    if (kind == Reduction::kLogSumExp) row_logsumexp(call);
    if (kind == Reduction::kSoftmax) row_softmax(call);
    if (kind == Reduction::kColumnSum)
      column_sum(src.data(), kCols, kRows, kCols, false, dst.data());
    if (kind == Reduction::kSquares) {
      benchmark::DoNotOptimize(sum_of_squares(src.data(), kRows * kCols));
    }
    if (kind == Reduction::kFinite) {
      benchmark::DoNotOptimize(all_finite(src.data(), kRows * kCols));
    }
    benchmark::ClobberMemory();
  }
  report(state, kRows * kCols);
}

BENCHMARK_CAPTURE(bernoulli, L1, 4);
BENCHMARK_CAPTURE(bernoulli, L2, 64);
BENCHMARK_CAPTURE(adam, L1, 2048);
BENCHMARK_CAPTURE(adam, L2, 64 * 1024);
BENCHMARK_CAPTURE(adam, L3, 1024 * 1024);
BENCHMARK_CAPTURE(bf16, rows_64x784, Layout::kRows, 64, 784);
BENCHMARK_CAPTURE(bf16, transposed_64x128, Layout::kTransposed, 64, 128);
BENCHMARK_CAPTURE(bf16, transposed_64x784, Layout::kTransposed, 64, 784);
BENCHMARK_CAPTURE(bf16, pairs_64x784, Layout::kPairs, 64, 784);
BENCHMARK_CAPTURE(pack, along_n, false);
BENCHMARK_CAPTURE(pack, along_k, true);
BENCHMARK_CAPTURE(load, u8, true);
BENCHMARK_CAPTURE(load, f32, false);
BENCHMARK(normals);
BENCHMARK_CAPTURE(reduce, row_sum, Reduction::kRowSum);
BENCHMARK_CAPTURE(reduce, logsumexp, Reduction::kLogSumExp);
BENCHMARK_CAPTURE(reduce, softmax, Reduction::kSoftmax);
BENCHMARK_CAPTURE(reduce, column_sum, Reduction::kColumnSum);
BENCHMARK_CAPTURE(reduce, squares, Reduction::kSquares);
BENCHMARK_CAPTURE(reduce, finite, Reduction::kFinite);
BENCHMARK_CAPTURE(broadcast, bias_128, 128, false);
BENCHMARK_CAPTURE(broadcast, bias_20, 20, false);
BENCHMARK_CAPTURE(broadcast, per_row_128, 128, true);
BENCHMARK_CAPTURE(broadcast, per_row_20, 20, true);

void register_elementwise() {
  for (std::string_view name : elementwise_kernel_names()) {
    benchmark::RegisterBenchmark(("elementwise/" + std::string(name)).c_str(), elementwise,
                                 name.data());
  }
}

}  // namespace
}  // namespace isthmus

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("instruction_set", std::string(isthmus::instruction_set_name()));
  isthmus::register_elementwise();
  benchmark::RunSpecifiedBenchmarks();
}
