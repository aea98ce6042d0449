// SPDX-License-Identifier: Apache-2.0
// The AMX kernel. Tile registers: 0 to 3 accumulate (row block * 2 + column block), 4 and 5 hold A,
// 6 and 7 hold B. Everything that touches them is inline assembly with a memory clobber: the
// compiler's intrinsics of g++ 12 do not say which memory a tile load reads.
#include "isthmus/cpu/amx/amx_matmul.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/cpu/instruction_set.h"

#define ISTHMUS_AMX __attribute__((target("amx-tile,amx-bf16")))

namespace isthmus {
namespace {

constexpr int64_t kTile = 16;   // rows of A, pairs of K, columns of B
constexpr int64_t kBlock = 32;  // two tiles; also the K of one step

/// Where a block of 32 x 32 begins and how it is reached; distances in bytes.
struct BlockOperands {
  const std::byte* a = nullptr;
  int64_t a_row = 0;
  const std::byte* b = nullptr;
  std::byte* c = nullptr;
  int64_t c_row = 0;
  int64_t steps = 0;  // of 32 values of K
  bool accumulate = false;
};

/// Steps of K in one go: a strip of B and the rows of A beside it then stay in L1 (48 KiB). The sum
/// so far passes through C, which rounds nothing.
constexpr int64_t kMaxSteps = 16;

constexpr int64_t kPairBytes = kBlock * 2 * 2;      // one pair of rows of a strip of B
constexpr int64_t kStepBytes = kTile * kPairBytes;  // one step of K in a strip of B
constexpr int64_t kTileBytes = kTile * 2 * 2;       // to the second column block of a strip

#define ISTHMUS_TILE_LOAD(tile, at, row) \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile : : "r"(at), "r"(row) : "memory")
#define ISTHMUS_TILE_STORE(tile, at, row) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" : : "r"(at), "r"(row) : "memory")
#define ISTHMUS_TILE_ZERO(tile) asm volatile("tilezero %%tmm" #tile : : : "memory")
#define ISTHMUS_TILE_PRODUCT(c, a, b) \
  asm volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #c : : : "memory")

template <bool kTwoRows, bool kTwoCols>
ISTHMUS_AMX void multiply_block(const BlockOperands& o) {
  std::byte* const c0 = o.c;
  std::byte* const c1 = o.c + kTile * o.c_row;
  constexpr int64_t kRight = kTile * 4;
  if (o.accumulate) {
    ISTHMUS_TILE_LOAD(0, c0, o.c_row);
    if (kTwoCols) ISTHMUS_TILE_LOAD(1, c0 + kRight, o.c_row);
    if (kTwoRows) ISTHMUS_TILE_LOAD(2, c1, o.c_row);
    if (kTwoRows && kTwoCols) ISTHMUS_TILE_LOAD(3, c1 + kRight, o.c_row);
  } else {
    ISTHMUS_TILE_ZERO(0);
    if (kTwoCols) ISTHMUS_TILE_ZERO(1);
    if (kTwoRows) ISTHMUS_TILE_ZERO(2);
    if (kTwoRows && kTwoCols) ISTHMUS_TILE_ZERO(3);
  }
  const std::byte* a = o.a;
  const std::byte* const a1 = o.a + kTile * o.a_row;
  const int64_t below = a1 - o.a;
  const std::byte* b = o.b;
  for (int64_t step = 0; step < o.steps; ++step) {
    ISTHMUS_TILE_LOAD(4, a, o.a_row);
    ISTHMUS_TILE_LOAD(6, b, kPairBytes);
    ISTHMUS_TILE_PRODUCT(0, 4, 6);
    if (kTwoCols) {
      ISTHMUS_TILE_LOAD(7, b + kTileBytes, kPairBytes);
      ISTHMUS_TILE_PRODUCT(1, 4, 7);
    }
    if (kTwoRows) {
      ISTHMUS_TILE_LOAD(5, a + below, o.a_row);
      ISTHMUS_TILE_PRODUCT(2, 5, 6);
      if (kTwoCols) ISTHMUS_TILE_PRODUCT(3, 5, 7);
    }
    a += kBlock * 2;
    b += kStepBytes;
  }
  ISTHMUS_TILE_STORE(0, c0, o.c_row);
  if (kTwoCols) ISTHMUS_TILE_STORE(1, c0 + kRight, o.c_row);
  if (kTwoRows) ISTHMUS_TILE_STORE(2, c1, o.c_row);
  if (kTwoRows && kTwoCols) ISTHMUS_TILE_STORE(3, c1 + kRight, o.c_row);
}

void multiply(const BlockOperands& o, bool two_rows, bool two_cols) {
  if (two_rows) {
    two_cols ? multiply_block<true, true>(o) : multiply_block<true, false>(o);
  } else {
    two_cols ? multiply_block<false, true>(o) : multiply_block<false, false>(o);
  }
}

ISTHMUS_AMX void load_tiles(const AmxTiles& tiles) {
  asm volatile("ldtilecfg %0" : : "m"(tiles) : "memory");
}
ISTHMUS_AMX void release_tiles() { asm volatile("tilerelease" : : : "memory"); }

/// Tile shapes for a block of up to 32 rows and columns.
AmxTiles shape_tiles(int64_t rows, int64_t cols) {
  AmxTiles t;
  const auto set = [&](size_t tile, int64_t tile_rows, int64_t bytes) {
    t.rows[tile] = static_cast<uint8_t>(tile_rows);
    t.bytes_per_row[tile] = static_cast<uint16_t>(bytes);
  };
  const int64_t r[] = {std::min(rows, kTile), rows - kTile},
                c[] = {std::min(cols, kTile), cols - kTile};
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) {
      if (r[i] > 0 && c[j] > 0) set(2 * i + j, r[i], c[j] * 4);
    }
    if (r[i] > 0) set(4 + i, r[i], 64);
    if (c[i] > 0) set(6 + i, kTile, c[i] * 4);
  }
  return t;
}

bool ask_kernel() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

/// One product with a known result: machines lie about what they have.
bool product_is_right() {
  constexpr int64_t kM = 33, kN = 17, kK = 64;
  MatmulSpec spec{.m = kM, .n = kN, .k = kK, .bf16 = true};
  spec.a_stride_m = Matmul::row_stride(kK);
  spec.c_stride_m = kN;
  const AmxMatmul matmul(spec);
  // A(i, k) = i, B(k, j) = j + 1 as bf16 of small integers: exact.
  const auto half = [](int64_t v) {
    const auto f = static_cast<float>(v);
    uint32_t bits = 0;
    std::memcpy(&bits, &f, 4);
    return static_cast<uint16_t>(bits >> 16);
  };
  std::vector<uint16_t> a(static_cast<size_t>(kM * spec.a_stride_m));
  std::vector<uint16_t> b(static_cast<size_t>(matmul.packing().num_values));
  std::vector<float> c(static_cast<size_t>(kM * kN), -1.0f);
  for (int64_t i = 0; i < kM; ++i) {
    for (int64_t k = 0; k < kK; ++k) a[static_cast<size_t>(i * spec.a_stride_m + k)] = half(i);
  }
  for (int64_t k = 0; k < kK; ++k) {
    for (int64_t j = 0; j < kN; ++j) {
      b[static_cast<size_t>(k / 2 * 2 * kBlock + 2 * j + k % 2)] = half(j + 1);
    }
  }
  matmul.run(a.data(), b.data(), c.data());
  for (int64_t i = 0; i < kM; ++i) {
    for (int64_t j = 0; j < kN; ++j) {
      if (c[static_cast<size_t>(i * kN + j)] != static_cast<float>(i * (j + 1) * kK)) return false;
    }
  }
  return true;
}

}  // namespace

bool AmxMatmul::available() {
  static const bool yes =
      allowed_instructions() == InstructionSet::kAmx && ask_kernel() && product_is_right();
  return yes;
}

AmxMatmul::AmxMatmul(const MatmulSpec& spec)
    : spec_(spec), packing_(MatmulPacking::of(spec.n, spec.k)) {
  ISTHMUS_CHECK(spec.bf16 && spec.a_stride_k == 1 && spec.a_stride_m == Matmul::row_stride(spec.k),
                "rows of an AMX product");
  ISTHMUS_CHECK(packing_.block_n == kBlock && packing_.padded_k % kBlock == 0,
                "strips of an AMX product");
  const int64_t rows[] = {kBlock, spec.m % kBlock}, cols[] = {kBlock, spec.n % kBlock};
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 2; ++j) tiles_[i][j] = shape_tiles(rows[i], cols[j]);
  }
}

void AmxMatmul::run(const uint16_t* a, const uint16_t* b, float* c) const noexcept {
  const auto* a_bytes = reinterpret_cast<const std::byte*>(a);
  const auto* b_bytes = reinterpret_cast<const std::byte*>(b);
  auto* c_bytes = reinterpret_cast<std::byte*>(c);
  BlockOperands o{.a_row = spec_.a_stride_m * 2, .c_row = spec_.c_stride_m * 4};
  const AmxTiles* loaded = nullptr;
  const int64_t steps = packing_.padded_k / kBlock, parts = (steps + kMaxSteps - 1) / kMaxSteps;
  const auto blocks_of_rows = [&](int64_t row, int64_t end, int64_t first) {
    const int64_t rows = std::min(kBlock, end - row);
    for (int64_t n = 0; n < spec_.n; n += kBlock) {
      const int64_t cols = std::min(kBlock, spec_.n - n);
      const AmxTiles& tiles = tiles_[rows < kBlock ? 1 : 0][cols < kBlock ? 1 : 0];
      if (&tiles != loaded) load_tiles(*(loaded = &tiles));
      o.b = b_bytes + n / kBlock * packing_.block_stride * 2 + first * kStepBytes;
      for (int64_t m = row; m < end; m += kBlock) {
        o.a = a_bytes + m * o.a_row + first * kBlock * 2;
        o.c = c_bytes + m * o.c_row + n * 4;
        multiply(o, rows > kTile, cols > kTile);
      }
    }
  };
  const int64_t whole = spec_.m / kBlock * kBlock;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = steps * part / parts;
    o.steps = steps * (part + 1) / parts - first;
    o.accumulate = spec_.accumulate || part > 0;
    // The rows that are left over last: other shapes of tiles cost as much as a block.
    if (whole > 0) blocks_of_rows(0, whole, first);
    if (whole < spec_.m) blocks_of_rows(whole, spec_.m, first);
  }
  release_tiles();
}

}  // namespace isthmus
