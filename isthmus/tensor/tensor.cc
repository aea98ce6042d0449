// SPDX-License-Identifier: Apache-2.0
// Memory of tensors and the names and sizes of element types. No arithmetic: kernels see raw
// values.
#include "isthmus/tensor/tensor.h"

#include <sys/mman.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "isthmus/base/checked.h"

namespace isthmus {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kHugePage = uint64_t{2} << 20;
constexpr uint64_t kHugeFrom = uint64_t{4} << 20;

[[noreturn]] void out_of_memory(uint64_t bytes) {
  throw Error(ErrorCode::kOutOfMemory,
              "an array of " + std::to_string(bytes) + " bytes does not fit into memory",
              "use a smaller batch or fewer items, or give the process more memory");
}

}  // namespace

uint64_t size_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
    case Dtype::kI64:
      return 8;
    case Dtype::kF32:
    case Dtype::kI32:
      return 4;
    case Dtype::kF16:
    case Dtype::kBF16:
      return 2;
    case Dtype::kU8:
      return 1;
  }
  ISTHMUS_CHECK(false, "unknown dtype");
  return 0;
}

std::string_view dtype_name(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return "f32";
    case Dtype::kF64:
      return "f64";
    case Dtype::kF16:
      return "f16";
    case Dtype::kBF16:
      return "bf16";
    case Dtype::kU8:
      return "u8";
    case Dtype::kI32:
      return "i32";
    case Dtype::kI64:
      return "i64";
  }
  ISTHMUS_CHECK(false, "unknown dtype");
  return {};
}

int64_t value_count(const Shape& shape) {
  for (int64_t size : shape) ISTHMUS_CHECK(size >= 0, "a size of a shape is negative");
  const uint64_t count = checked_product(shape).value();
  if (count > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    throw Error(ErrorCode::kOverLimit, "the shape " + shape_text(shape) + " has over 2^63 values");
  }
  return static_cast<int64_t>(count);
}

std::string shape_text(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + ")";
}

std::string item_shape_text(const Shape& shape) {
  if (shape.empty()) return "1";
  std::string text;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += 'x';
    text += std::to_string(shape[i]);
  }
  return text;
}

std::shared_ptr<std::byte[]> allocate_aligned(uint64_t bytes) {
  // Far beyond any machine: refused here, because allocators may abort on it.
  if (bytes >> 47 != 0) out_of_memory(bytes);
  const bool huge = bytes >= kHugeFrom;
  const uint64_t alignment = huge ? kHugePage : kAlignment;
  const uint64_t rounded =
      bytes == 0 ? alignment : (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, rounded) != 0 || memory == nullptr) out_of_memory(bytes);
  // Advice only: without huge pages the memory is as good, just slower.
  if (huge) madvise(memory, rounded / kHugePage * kHugePage, MADV_HUGEPAGE);
  std::memset(memory, 0, rounded);
  return std::shared_ptr<std::byte[]>(static_cast<std::byte*>(memory),
                                      [](std::byte* p) { std::free(p); });
}

Tensor::Tensor(Dtype dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), num_values_(value_count(shape_)) {
  data_ =
      allocate_aligned((CheckedU64(static_cast<uint64_t>(num_values_)) * size_of(dtype)).value());
}

Tensor Tensor::wrap(Dtype dtype, Shape shape, const void* memory,
                    const std::shared_ptr<const void>& owner) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = std::move(shape);
  t.num_values_ = value_count(t.shape_);
  ISTHMUS_CHECK(reinterpret_cast<uintptr_t>(memory) % size_of(dtype) == 0 &&
                    (memory != nullptr || t.num_values_ == 0),
                "the address of a wrapped array");
  t.data_ = std::shared_ptr<std::byte[]>(
      owner, const_cast<std::byte*>(static_cast<const std::byte*>(memory)));
  return t;
}

Tensor Tensor::clone() const {
  Tensor copy = *this;
  if (!data_) return copy;
  copy.data_ = allocate_aligned(num_bytes());
  std::memcpy(copy.data_.get(), data_.get(), num_bytes());
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  ISTHMUS_CHECK(value_count(shape) == num_values_,
                "reshape of " + shape_text(shape_) + " to " + shape_text(shape));
  Tensor view = *this;
  view.shape_ = std::move(shape);
  return view;
}

Tensor Tensor::rows(int64_t first, int64_t count) const {
  ISTHMUS_CHECK(!shape_.empty(), "rows of a scalar");
  ISTHMUS_CHECK(first >= 0 && count >= 0 && first <= shape_[0] - count,
                "rows [" + std::to_string(first) + ", +" + std::to_string(count) + ") of " +
                    shape_text(shape_));
  Shape part = shape_;
  part[0] = count;
  Tensor copy(dtype_, std::move(part));
  if (copy.num_values_ == 0) return copy;
  const uint64_t row_bytes = num_bytes() / static_cast<uint64_t>(shape_[0]);
  std::memcpy(copy.data(), data() + static_cast<uint64_t>(first) * row_bytes, copy.num_bytes());
  return copy;
}

float bf16_to_float(uint16_t bits) {
  return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

uint16_t float_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  // A NaN whose payload sits in the lower half would round to infinity: keep it a quiet NaN.
  if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  const uint32_t tie_to_even = (bits >> 16) & 1;
  return static_cast<uint16_t>((bits + 0x7FFF + tie_to_even) >> 16);
}

float f16_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 31, fraction = bits & 0x3FF;
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
  }
  const uint32_t wide_exponent = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (fraction << 13));
}

}  // namespace isthmus
