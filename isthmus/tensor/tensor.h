// SPDX-License-Identifier: Apache-2.0
// What memory is: element types, shapes, arrays that own their memory and views that borrow it.
// No arithmetic. Arrays are dense and row-major; those made here are 64-byte aligned.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/error.h"

namespace isthmus {

enum class Dtype : uint8_t { kF32, kF64, kF16, kBF16, kU8, kI32, kI64 };
uint64_t size_of(Dtype dtype);
std::string_view dtype_name(Dtype dtype);  // "f32" "u8" ...

/// Sizes per axis, outermost first. The empty shape is a scalar.
using Shape = std::vector<int64_t>;
/// Number of values; Error E3004 on overflow, ISTHMUS_CHECK on negative sizes.
int64_t value_count(const Shape& shape);
std::string shape_text(const Shape& shape);       // "(28, 28)"
std::string item_shape_text(const Shape& shape);  // "28x28", "30" for one axis

template <class T>
constexpr Dtype dtype_of();
template <>
constexpr Dtype dtype_of<float>() {
  return Dtype::kF32;
}
template <>
constexpr Dtype dtype_of<double>() {
  return Dtype::kF64;
}
template <>
constexpr Dtype dtype_of<uint8_t>() {
  return Dtype::kU8;
}
template <>
constexpr Dtype dtype_of<int32_t>() {
  return Dtype::kI32;
}
template <>
constexpr Dtype dtype_of<int64_t>() {
  return Dtype::kI64;
}

/// Owns its memory, alone or with others; copying a Tensor shares it, clone() copies the values. A
/// shared buffer must not be written while another thread reads it.
class Tensor {
 public:
  Tensor() = default;                // no memory, shape (0)
  Tensor(Dtype dtype, Shape shape);  // zeros
  template <class T>
  static Tensor from(Shape shape, std::span<const T> values) {
    Tensor t(dtype_of<T>(), std::move(shape));
    ISTHMUS_CHECK(static_cast<size_t>(t.num_values()) == values.size(), "value count");
    std::copy(values.begin(), values.end(), t.values<T>().begin());
    return t;
  }
  /// Memory that somebody else made, dense and row-major, without a copy: `owner` lives as long as
  /// a tensor that shares it. What belongs to others is never written: use clone() for that. An
  /// internal error for an address that the type does not allow; more alignment is not needed.
  static Tensor wrap(Dtype dtype, Shape shape, const void* memory,
                     const std::shared_ptr<const void>& owner);
  Dtype dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t num_values() const { return num_values_; }
  uint64_t num_bytes() const { return static_cast<uint64_t>(num_values_) * size_of(dtype_); }
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::span<const std::byte> bytes() const { return {data_.get(), num_bytes()}; }
  std::span<std::byte> bytes() { return {data_.get(), num_bytes()}; }
  template <class T>
  std::span<T> values() {
    ISTHMUS_CHECK(dtype_of<T>() == dtype_, "dtype of a tensor");
    return {reinterpret_cast<T*>(data_.get()), static_cast<size_t>(num_values_)};
  }
  template <class T>
  std::span<const T> values() const {
    ISTHMUS_CHECK(dtype_of<T>() == dtype_, "dtype of a tensor");
    return {reinterpret_cast<const T*>(data_.get()), static_cast<size_t>(num_values_)};
  }
  Tensor clone() const;
  Tensor reshaped(Shape shape) const;  // same memory, same number of values
  /// Rows [first, first + count) of the first axis, copied.
  Tensor rows(int64_t first, int64_t count) const;

 private:
  Dtype dtype_ = Dtype::kF32;
  Shape shape_ = {0};
  int64_t num_values_ = 0;
  std::shared_ptr<std::byte[]> data_;
};

/// Sorted by name.
using NamedTensors = std::map<std::string, Tensor>;

/// Memory of 64-byte (2 MiB from 4 MiB on) alignment, zeroed; bad_alloc becomes Error E5201.
std::shared_ptr<std::byte[]> allocate_aligned(uint64_t bytes);

float bf16_to_float(uint16_t bits);
uint16_t float_to_bf16(float value);  // round to nearest even; NaN stays NaN
float f16_to_float(uint16_t bits);

}  // namespace isthmus
