// SPDX-License-Identifier: Apache-2.0
// Rounding to bf16 and its layouts against naive loops, for odd sizes, on every instruction set.
#include <array>
#include <bit>
#include <cstring>

#include "isthmus/cpu/kernels/every_target.h"

namespace isthmus {
namespace {

ISTHMUS_ON_EVERY_TARGET(Bf16Kernels);

float from_bf16(uint16_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }

/// Nearest bf16 by looking at both neighbours, in double; ties to even.
uint16_t nearest_bf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const auto down = static_cast<uint16_t>(bits >> 16);
  const auto up = static_cast<uint16_t>(down + 1);
  const bool overflows = (up & 0x7f80) == 0x7f80;
  const double above = overflows ? std::copysign(0x1p128, double{x}) : double{from_bf16(up)};
  const double to_down = std::fabs(double{x} - double{from_bf16(down)});
  const double to_up = std::fabs(above - double{x});
  if (to_down != to_up) return to_down < to_up ? down : up;
  return down % 2 == 0 ? down : up;
}

std::vector<uint16_t> cast(const std::vector<float>& src) {
  std::vector<uint16_t> dst(src.size());
  const auto count = static_cast<int64_t>(src.size());
  rows_to_bf16(src.data(), count, 1, count, dst.data(), count, 0);
  return dst;
}

TEST_P(Bf16Kernels, BitPatternsRoundToTheNearestEven) {
  std::vector<float> src;
  for (uint32_t i = 0; i < 200000; ++i) {
    const uint32_t bits = philox4x32(RngKey{1, 2}, {i, 0, 0, 0})[0];
    // All kinds of tails, among them the ties.
    const std::array<uint32_t, 4> tails = {bits & 0xffff, 0x8000, 0x7fff, 0x8001};
    src.push_back(std::bit_cast<float>((bits & 0xffff0000) | tails[i % 4]));
  }
  const auto dst = cast(src);
  for (size_t i = 0; i < src.size(); ++i) {
    if (std::isnan(src[i])) {
      ASSERT_TRUE(std::isnan(from_bf16(dst[i])));
    } else if (std::isinf(src[i])) {
      ASSERT_EQ(from_bf16(dst[i]), src[i]);
    } else if (std::fpclassify(src[i]) == FP_SUBNORMAL && (dst[i] & 0x7fff) == 0) {
      continue;  // hardware conversion takes denormals for zero
    } else {
      ASSERT_EQ(dst[i], nearest_bf16(src[i])) << src[i];
    }
  }
}

TEST_P(Bf16Kernels, AMillionConversionsHaveNoBias) {
  const auto src = random_values(1000000, 0.5f, 4.0f);
  const auto dst = cast(src);
  double bias = 0, size = 0;
  for (size_t i = 0; i < src.size(); ++i) {
    const double error = (double{from_bf16(dst[i])} - double{src[i]}) / double{src[i]};
    bias += error;
    size += std::fabs(error);
  }
  EXPECT_GT(size / 1e6, 5e-4);             // errors are about 2^-10 each ...
  EXPECT_LT(std::fabs(bias / 1e6), 5e-6);  // ... and cancel (truncation would leave 2e-3)
}

TEST_P(Bf16Kernels, RowsAreCastAndPadded) {
  for (int64_t cols : {1, 5, 16, 31, 32, 33, 100}) {
    const int64_t rows = 3, src_stride = cols + 2, pad = 7, dst_stride = cols + pad + 1;
    const auto src = random_values(rows * src_stride, -2, 2);
    std::vector<uint16_t> dst(static_cast<size_t>(rows * dst_stride), 0x1111);
    rows_to_bf16(src.data(), src_stride, rows, cols, dst.data(), dst_stride, pad);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < dst_stride; ++c) {
        const auto expected = c < cols ? nearest_bf16(src[static_cast<size_t>(r * src_stride + c)])
                                       : static_cast<uint16_t>(c < cols + pad ? 0 : 0x1111);
        ASSERT_EQ(dst[static_cast<size_t>(r * dst_stride + c)], expected) << cols << ": " << c;
      }
    }
  }
}

TEST_P(Bf16Kernels, TransposedRowsAreRowsTransposed) {
  for (int64_t rows : {1, 2, 7, 8, 9, 31, 33, 64}) {
    for (int64_t cols : {1, 3, 16, 17, 40}) {
      for (int64_t pad : {0, 1, 9}) {
        const int64_t src_stride = cols + 3, dst_stride = rows + pad + 2;
        const auto src = random_values(rows * src_stride, -2, 2);
        std::vector<uint16_t> dst(static_cast<size_t>(cols * dst_stride), 0x1111);
        rows_to_bf16_transposed(src.data(), src_stride, rows, cols, dst.data(), dst_stride,
                                rows + pad);
        for (int64_t c = 0; c < cols; ++c) {
          for (int64_t r = 0; r < dst_stride; ++r) {
            const auto expected = r < rows
                                      ? nearest_bf16(src[static_cast<size_t>(r * src_stride + c)])
                                      : static_cast<uint16_t>(r < rows + pad ? 0 : 0x1111);
            ASSERT_EQ(dst[static_cast<size_t>(c * dst_stride + r)], expected)
                << rows << "x" << cols << " at " << r << ", " << c;
          }
        }
      }
    }
  }
}

TEST_P(Bf16Kernels, PairsOfRowsAreInterleaved) {
  for (int64_t rows : {1, 2, 3, 8, 13}) {
    for (int64_t cols : {1, 3, 16, 17, 50}) {
      const int64_t src_stride = cols + 1, dst_stride = 2 * cols + 3;
      const auto src = random_values(rows * src_stride, -2, 2);
      std::vector<uint16_t> dst(static_cast<size_t>((rows + 1) / 2 * dst_stride), 0x1111);
      rows_to_bf16_pairs(src.data(), src_stride, rows, cols, dst.data(), dst_stride);
      for (int64_t r = 0; r < rows + rows % 2; ++r) {
        for (int64_t c = 0; c < cols; ++c) {
          const auto expected =
              r < rows ? nearest_bf16(src[static_cast<size_t>(r * src_stride + c)]) : uint16_t{0};
          ASSERT_EQ(dst[static_cast<size_t>(r / 2 * dst_stride + 2 * c + r % 2)], expected)
              << rows << "x" << cols << " at " << r << ", " << c;
        }
      }
      EXPECT_EQ(dst[static_cast<size_t>(2 * cols)], 0x1111);
    }
  }
}

void expect_packed(const PackCall& p, const std::vector<float>& src,
                   const std::vector<uint16_t>& dst) {
  std::vector<uint16_t> expected(dst.size(), 0x1111);
  for (int64_t b = p.first_block; b < p.end_block; ++b) {
    for (int64_t k = p.first_k; k < p.end_k; ++k) {
      for (int64_t n = b * p.block_n; n < (b + 1) * p.block_n; ++n) {
        const int64_t at = b * p.block_stride + k / 2 * 2 * p.block_n + 2 * (n % p.block_n) + k % 2;
        const bool inside = k < p.num_k && n < p.num_n;
        const float value =
            inside ? src[static_cast<size_t>(k * p.k_stride + n * p.n_stride)] : 0.0f;
        expected[static_cast<size_t>(at)] = nearest_bf16(value);
      }
    }
  }
  ASSERT_EQ(dst, expected) << p.num_k << "x" << p.num_n << ", blocks of " << p.block_n
                           << ", strides " << p.k_stride << ", " << p.n_stride;
}

TEST_P(Bf16Kernels, PackedBlocksEqualANaiveLoop) {
  for (int64_t num_k : {1, 2, 19, 32, 33, 70}) {
    for (int64_t num_n : {1, 4, 31, 32, 50}) {
      for (int64_t block_n : {16, 32, 48, 10}) {
        for (bool along_k : {false, true}) {
          PackCall p;
          p.k_stride = along_k ? 1 : num_n + 3;
          p.n_stride = along_k ? num_k + 1 : 1;
          p.num_k = num_k;
          p.num_n = num_n;
          p.padded_k = (num_k + 3) / 4 * 4;
          p.block_n = block_n;
          p.block_stride = p.padded_k * block_n;
          p.end_block = (num_n + block_n - 1) / block_n;
          p.end_k = p.padded_k;
          const auto src = random_values((num_k + 3) * (num_n + 3), -2, 2);
          p.src = src.data();
          std::vector<uint16_t> dst(static_cast<size_t>(p.end_block * p.block_stride), 0x1111);
          p.dst = dst.data();
          pack_bf16_pairs(p);
          expect_packed(p, src, dst);
        }
      }
    }
  }
}

TEST_P(Bf16Kernels, APartOfTheBlocksCanBePacked) {
  for (bool along_k : {false, true}) {
    PackCall p;
    p.k_stride = along_k ? 1 : 100;
    p.n_stride = along_k ? 90 : 1;
    p.num_k = 90;
    p.num_n = 100;
    p.padded_k = 96;
    p.block_stride = 96 * 32;
    p.first_block = 1;
    p.end_block = 3;
    p.first_k = 14;
    p.end_k = 62;
    const auto src = random_values(100 * 90, -2, 2);
    p.src = src.data();
    std::vector<uint16_t> dst(4 * 96 * 32, 0x1111);
    p.dst = dst.data();
    pack_bf16_pairs(p);
    expect_packed(p, src, dst);
  }
}

TEST_P(Bf16Kernels, StoredBytesBecomeTheBitsOfTheDetourByFloat) {
  constexpr int64_t kItems = 50;
  const float shift = 3, scale = 1.0f / 255;
  for (int64_t cols : {1, 15, 16, 33, 144, 160}) {
    std::vector<uint8_t> base(static_cast<size_t>(kItems * cols));
    for (size_t i = 0; i < base.size(); ++i) base[i] = static_cast<uint8_t>(i * 89 % 256);
    for (const auto& [num_items, rows] :
         std::vector<std::pair<int64_t, int64_t>>{{32, 32}, {1, 2}, {0, 8}, {40, 64}, {47, 47}}) {
      std::vector<int64_t> items;
      for (int64_t i = 0; i < num_items; ++i) items.push_back(i * 17 % kItems);
      LoadCall call{.base = base.data(), .base_stride = cols, .is_u8 = true};
      call.items = items.data();
      call.num_items = num_items;
      call.rows = rows;
      call.cols = cols;
      call.shift = &shift;
      call.scale = &scale;
      std::vector<float> loaded(static_cast<size_t>(rows * cols));
      call.dst = loaded.data();
      call.dst_stride = cols;
      load_rows(call);
      const int64_t wide = cols + 3, tall = rows + 5;
      std::vector<uint16_t> expected(static_cast<size_t>(rows * wide), 7), found = expected;
      rows_to_bf16(loaded.data(), cols, rows, cols, expected.data(), wide, 0);
      stored_to_bf16(call, found.data(), wide);
      EXPECT_EQ(found, expected) << cols << " " << rows;
      std::vector<uint16_t> columns(static_cast<size_t>(cols * tall), 7), by_bytes = columns;
      rows_to_bf16_transposed(loaded.data(), cols, num_items, cols, columns.data(), tall, rows);
      stored_to_bf16_transposed(call, by_bytes.data(), tall);
      EXPECT_EQ(by_bytes, columns) << cols << " " << rows;
    }
  }
}

}  // namespace
}  // namespace isthmus
