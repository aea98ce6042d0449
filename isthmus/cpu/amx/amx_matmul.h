// SPDX-License-Identifier: Apache-2.0
// bf16 matrix products on AMX tiles, for operands that lie in this core's L1 and L2 caches.
//
// C is computed in blocks of 32 x 32 (two by two tiles); a strip of B, 32 columns wide, stays in L1
// while the rows of A pass by. Each value of C is the sum over K in order, by pairs, in float32:
// its bits depend on its row of A and its column of B alone, not on M or N. The unit rounds to
// nearest even and takes denormals for zero.
#pragma once

#include <array>
#include <cstdint>

#include "isthmus/cpu/matmul.h"

namespace isthmus {

/// The operand of the instruction that shapes the tile registers.
struct alignas(64) AmxTiles {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes_per_row[16] = {};
  uint8_t rows[16] = {};
};

class AmxMatmul {
 public:
  /// The processor has AMX with bf16, the kernel lets this process use it (asked for here, once),
  /// ISTHMUS_INSTRUCTIONS allows it, and a product came out right.
  static bool available();

  /// `spec` is bf16 with a_stride_m = Matmul::row_stride(k).
  explicit AmxMatmul(const MatmulSpec& spec);
  const MatmulPacking& packing() const { return packing_; }
  void run(const uint16_t* a, const uint16_t* b, float* c) const noexcept;

 private:
  MatmulSpec spec_;
  MatmulPacking packing_;
  std::array<std::array<AmxTiles, 2>, 2> tiles_;  // [last rows][last columns]
};

}  // namespace isthmus
