// SPDX-License-Identifier: Apache-2.0
// Processor facts from CPUID, and the arithmetic fingerprint: what our kernels and oneDNN really
// compute here, as one digest.
#include "isthmus/cpu/processor.h"

#include <cpuid.h>

#include <cstring>
#include <vector>

#include "isthmus/base/digest.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/instruction_set.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/matmul.h"

namespace isthmus {
namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned sub) {
  Registers r;
  if (!__get_cpuid_count(leaf, sub, &r.a, &r.b, &r.c, &r.d)) return {};
  return r;
}

std::vector<float> random_values(const char* purpose, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  fill_normal(RngKey::from(1, purpose), 0, 0, 0, values.data(), count);
  return values;
}

void add_products(Xxh3Stream& digest, bool bf16) {
  const int64_t shapes[][3] = {{64, 128, 784}, {64, 784, 128}, {32, 40, 128}, {16, 20, 33},
                               {1, 20, 128},   {48, 128, 20},  {112, 30, 512}};
  for (const auto& s : shapes) {
    MatmulSpec spec{.m = s[0], .n = s[1], .k = s[2], .bf16 = bf16};
    spec.a_stride_m = bf16 ? Matmul::row_stride(s[2]) : s[2];
    spec.b_stride_k = s[1];
    spec.c_stride_m = s[1];
    const Matmul matmul(spec);
    const auto a = random_values("check/a", s[0] * s[2]);
    const auto b = random_values("check/b", s[2] * s[1]);
    std::vector<float> c(static_cast<size_t>(s[0] * s[1]));
    std::vector<std::byte> scratch(matmul.scratch_bytes() + 64);
    auto workspace = matmul.make_workspace();
    if (bf16) {
      std::vector<uint16_t> half_a(static_cast<size_t>(s[0] * spec.a_stride_m)),
          half_b(static_cast<size_t>(matmul.packing().num_values));
      rows_to_bf16(a.data(), s[2], s[0], s[2], half_a.data(), spec.a_stride_m, 0);
      PackCall pack{.src = b.data(), .k_stride = s[1], .n_stride = 1, .num_k = s[2], .num_n = s[1]};
      pack.padded_k = matmul.packing().padded_k;
      pack.block_n = matmul.packing().block_n;
      pack.block_stride = matmul.packing().block_stride;
      pack.end_block = (s[1] + pack.block_n - 1) / pack.block_n;
      pack.end_k = pack.padded_k;
      pack.dst = half_b.data();
      pack_bf16_pairs(pack);
      matmul.run(*workspace, half_a.data(), half_b.data(), c.data(), scratch.data());
    } else {
      matmul.run(*workspace, a.data(), b.data(), c.data(), scratch.data());
    }
    digest.update(std::as_bytes(std::span(c)));
  }
}

void add_kernels(Xxh3Stream& digest) {
  const auto x = random_values("check/x", 1000);
  std::vector<float> y(x.size());
  for (std::string_view name : elementwise_kernel_names()) {
    ElementwiseCall call{.rows = 1, .cols = static_cast<int64_t>(x.size())};
    for (Operand& in : call.in) in = {x.data(), 0, 1, 1};
    call.dst = y.data();
    call.dst_stride = call.cols;
    find_elementwise_kernel(name)(call);
    digest.update(std::as_bytes(std::span(y)));
  }
  RowCall rows{10, 100, x.data(), 100, y.data(), 1};
  row_sum(rows);
  row_logsumexp({10, 100, x.data(), 100, y.data() + 10, 1});
  digest.update(std::as_bytes(std::span(y)));
}

std::string make_fingerprint() {
  const ArithmeticGuard guard;
  Xxh3Stream digest;
  add_products(digest, false);
  add_products(digest, true);
  add_kernels(digest);
  return digest.label();
}

}  // namespace

std::string processor_name() {
  char text[49] = {};
  for (unsigned k = 0; k < 3; ++k) {
    const Registers r = cpuid(0x80000002u + k, 0);
    const unsigned words[] = {r.a, r.b, r.c, r.d};
    std::memcpy(text + 16 * k, words, 16);
  }
  std::string name = text;
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name.empty() ? "x86-64 processor" : name;
}

std::string processor_maker() {
  const Registers r = cpuid(0, 0);
  const unsigned words[] = {r.b, r.d, r.c};
  char text[13] = {};
  std::memcpy(text, words, 12);
  return text;
}

std::string matrix_unit_name() {
  switch (bf16_way()) {
    case Bf16Way::kTiles:
      return " + AMX bf16";
    case Bf16Way::kPairs:
      return " + bf16";
    case Bf16Way::kWidened:
      break;
  }
  return "";
}

const std::string& arithmetic_fingerprint() {
  static const std::string label = make_fingerprint();
  return label;
}

}  // namespace isthmus
