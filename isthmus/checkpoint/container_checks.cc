// SPDX-License-Identifier: Apache-2.0
// Checks on a container that has been read: who wrote it, which version and kind, whether all
// weights are finite and whether the tensors are those that the configuration asks for. The bytes
// themselves were checked before.
#include "isthmus/checkpoint/container_checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/header_scanner.h"

namespace isthmus {
namespace {

constexpr int64_t kVersion = 1;
/// Features that isthmus.requires may name: a sampler of codes beside the model.
constexpr std::array<std::string_view, 1> kKnownFeatures = {"sampler"};

std::string_view value_of(const Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(std::string(key));
  return found == metadata.end() ? std::string_view() : std::string_view(found->second);
}

template <class Bits>
int64_t first_with_full_exponent(std::span<const std::byte> bytes, Bits exponent_mask) {
  const auto count = static_cast<int64_t>(bytes.size() / sizeof(Bits));
  for (int64_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + static_cast<size_t>(i) * sizeof(Bits), sizeof(Bits));
    if ((bits & exponent_mask) == exponent_mask) return i;
  }
  return -1;
}

/// NaN and infinity are the values whose exponent bits are all set; -1 if there are none.
int64_t first_not_finite(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case Dtype::kF32:
      return first_with_full_exponent<uint32_t>(tensor.bytes(), 0x7F800000u);
    case Dtype::kF64:
      return first_with_full_exponent<uint64_t>(tensor.bytes(), 0x7FF0000000000000u);
    case Dtype::kF16:
      return first_with_full_exponent<uint16_t>(tensor.bytes(), 0x7C00u);
    case Dtype::kBF16:
      return first_with_full_exponent<uint16_t>(tensor.bytes(), 0x7F80u);
    case Dtype::kU8:
    case Dtype::kI32:
    case Dtype::kI64:
      return -1;
  }
  ISTHMUS_CHECK(false, "unknown type");
}

std::string describe_tensor(Dtype dtype, const Shape& shape) {
  return std::string(dtype_name(dtype)) + " " + shape_text(shape);
}

[[noreturn]] void fail_set(const std::string& name, const std::string& message) {
  throw Error(ErrorCode::kModelTensorSet, "tensor " + shown_text(name) + " " + message, {},
              {.field = name});
}

}  // namespace

bool written_by_isthmus(const Metadata& metadata) {
  return value_of(metadata, kFormatKey) == "isthmus" && metadata.contains(std::string(kDigestKey));
}

void require_compatible(const Metadata& metadata) {
  const std::string_view text = value_of(metadata, kVersionKey);
  int64_t version = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), version);
  const bool is_number = status == std::errc() && end == text.data() + text.size();
  if (status != std::errc::result_out_of_range && (!is_number || version < 1)) {
    throw Error(ErrorCode::kModelMetadata,
                "isthmus.version is \"" + shown_text(text) + "\", not a version number");
  }
  if (status == std::errc::result_out_of_range || version > kVersion) {
    throw Error(ErrorCode::kModelVersion, "the file has format version " + shown_text(text) +
                                              "; this isthmus reads versions up to " +
                                              std::to_string(kVersion));
  }
  const std::string_view required = value_of(metadata, kRequiresKey);
  if (required.empty()) return;
  for (const std::string& feature : split(required, ',')) {
    const bool known =
        std::find(kKnownFeatures.begin(), kKnownFeatures.end(), feature) != kKnownFeatures.end();
    if (!known) {
      throw Error(ErrorCode::kModelFeature,
                  "the file needs the feature \"" + shown_text(feature) + "\"");
    }
  }
}

void require_kind(const Metadata& metadata, std::string_view kind) {
  if (!written_by_isthmus(metadata)) {
    throw Error(ErrorCode::kForeignSafetensors,
                "this is a safetensors file, but isthmus did not write it");
  }
  require_compatible(metadata);
  const std::string_view actual = value_of(metadata, kKindKey);
  if (actual != kind) {
    throw Error(ErrorCode::kModelMetadata, "the file is a \"" + shown_text(actual) +
                                               "\", but a \"" + std::string(kind) +
                                               "\" is needed here");
  }
}

void require_finite(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const int64_t index = first_not_finite(tensor);
    if (index < 0) continue;
    throw Error(ErrorCode::kModelValue,
                "tensor " + shown_text(name) + " is not finite at index " + std::to_string(index),
                {}, {.row = index, .field = name});
  }
}

void require_tensor_set(std::span<const ExpectedTensor> expected, const NamedTensors& tensors) {
  std::map<std::string_view, const ExpectedTensor*> wanted;
  for (const ExpectedTensor& tensor : expected) {
    ISTHMUS_CHECK(wanted.emplace(tensor.name, &tensor).second, "a tensor is expected twice");
  }
  auto actual = tensors.begin();
  for (const auto& [name, want] : wanted) {
    if (actual == tensors.end() || actual->first > name) fail_set(want->name, "is missing");
    if (actual->first < name) fail_set(actual->first, "is not expected");
    const Tensor& have = actual->second;
    if (have.dtype() != want->dtype || have.shape() != want->shape) {
      fail_set(want->name, "is " + describe_tensor(have.dtype(), have.shape()) + ", expected " +
                               describe_tensor(want->dtype, want->shape));
    }
    ++actual;
  }
  if (actual != tensors.end()) fail_set(actual->first, "is not expected");
}

}  // namespace isthmus
