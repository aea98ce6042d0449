// SPDX-License-Identifier: Apache-2.0
// Integers that come from outside. Every operation throws Error E3004 instead of wrapping around,
// so that a size is safe once `value()` has returned.
#pragma once

#include <cstdint>
#include <span>

#include "isthmus/base/error.h"

namespace isthmus {

template <class T>
class Checked {
 public:
  constexpr Checked() = default;
  constexpr Checked(T value) : value_(value) {}  // NOLINT: a plain number is a checked number
  constexpr T value() const { return value_; }

  friend Checked operator+(Checked a, Checked b) {
    T r;
    if (__builtin_add_overflow(a.value_, b.value_, &r)) overflow("+");
    return r;
  }
  friend Checked operator-(Checked a, Checked b) {
    T r;
    if (__builtin_sub_overflow(a.value_, b.value_, &r)) overflow("-");
    return r;
  }
  friend Checked operator*(Checked a, Checked b) {
    T r;
    if (__builtin_mul_overflow(a.value_, b.value_, &r)) overflow("*");
    return r;
  }
  Checked& operator+=(Checked b) { return *this = *this + b; }
  Checked& operator*=(Checked b) { return *this = *this * b; }
  friend auto operator<=>(Checked, Checked) = default;

 private:
  [[noreturn]] static void overflow(const char* operation) {
    throw Error(ErrorCode::kOverLimit,
                std::string("a size overflows 64 bits (operation ") + operation + ")",
                "the file is damaged or not what it claims to be");
  }
  T value_{};
};

using CheckedU64 = Checked<uint64_t>;

/// Product of sizes; the empty product is 1.
template <class Range>
CheckedU64 checked_product(const Range& sizes) {
  CheckedU64 product = 1;
  for (auto size : sizes) {
    if (size < 0) throw Error(ErrorCode::kOverLimit, "a size is negative");
    product *= static_cast<uint64_t>(size);
  }
  return product;
}

}  // namespace isthmus
