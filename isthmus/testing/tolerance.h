// SPDX-License-Identifier: Apache-2.0
// The one table of tolerances: relative errors that tests may allow. A test never states its own
// number; loosening an entry needs its reason in the commit.
//
// "Relative" means relative to the magnitude named beside the entry; see within().
#pragma once

#include <algorithm>
#include <cmath>

namespace isthmus::tolerance {

/// Copies, comparisons, integers, repeats, thread counts.
inline constexpr double kExact = 0;

/// An elementwise kernel against its double reference, relative to the reference.
inline constexpr double kElementwiseF64 = 1e-14;
inline constexpr double kElementwiseF32 = 1e-6;
inline constexpr double kElementwiseBf16 = 0x1p-8;

/// A sum or a matrix product, relative to the sum of absolute products. For bf16 the reference
/// reads the rounded operands.
inline constexpr double kSumF64 = 1e-14;
inline constexpr double kSumF32 = 1e-6;
inline constexpr double kSumBf16 = 1e-6;

/// A bf16 program against a reference that rounds the same operands, relative to the largest value
/// of the output. An operand beside a rounding border may fall to the other side: 2^-8 of itself.
inline constexpr double kProgramBf16 = 1e-4;

/// A gradient against central differences, relative to the largest gradient of the same input (1 if
/// that is smaller).
inline constexpr double kGradientF64 = 1e-6;
inline constexpr double kGradientF32 = 2e-3;

/// Golden values from PyTorch, relative to the golden value.
inline constexpr double kGoldenF64 = 1e-12;
inline constexpr double kGoldenF32 = 1e-5;

/// |value - expected| <= relative * magnitude; never true for NaN.
inline bool within(double value, double expected, double relative, double magnitude) {
  return std::fabs(value - expected) <= relative * magnitude;
}
/// As above, relative to max(|expected|, 1).
inline bool within(double value, double expected, double relative) {
  return within(value, expected, relative, std::max(std::fabs(expected), 1.0));
}

}  // namespace isthmus::tolerance
