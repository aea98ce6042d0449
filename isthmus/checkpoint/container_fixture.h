// SPDX-License-Identifier: Apache-2.0
// Small containers and hand-made files for the tests of this room.
#pragma once

#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "isthmus/checkpoint/safetensors.h"

namespace isthmus::fixture {

inline Bytes to_bytes(std::string_view text) {
  Bytes bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

/// A file with this header, word for word, and `data_bytes` bytes of data.
inline Bytes file_with_header(std::string_view header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::string text(sizeof(length), '\0');
  std::memcpy(text.data(), &length, sizeof(length));
  return to_bytes(text + std::string(header) + std::string(data_bytes, '\1'));
}

inline SafetensorsHeader parse_header(const Bytes& file, const Limits& limits = {}) {
  return parse_safetensors_header(file, file.size(), limits);
}

/// Limits that a small file can break.
inline Limits small_limits() {
  Limits limits;
  limits.header_bytes.bytes = uint64_t{4} << 20;
  limits.string_bytes.bytes = uint64_t{1} << 20;
  return limits;
}

inline Metadata metadata(const std::string& kind) {
  return {{std::string(kKindKey), kind}, {std::string(kConfigKey), R"({"latent":2})"}};
}

inline NamedTensors small_tensors() {
  NamedTensors tensors;
  tensors["decoder/0/weight"] =
      Tensor::from<float>({2, 2}, std::initializer_list<float>{1.0f, -2.0f, 0.5f, 3.0f});
  tensors["encoder/0/bias"] = Tensor::from<float>({2}, std::initializer_list<float>{0.25f, 4.0f});
  return tensors;
}

inline Bytes small_file(const std::string& kind = "model") {
  return write_container(metadata(kind), small_tensors());
}

/// What opening a file may allocate above its size.
inline constexpr int64_t kMaxExtraBytes = int64_t{4} << 20;
/// What `action` allocates at its peak beyond what was there before.
int64_t peak_allocation(const std::function<void()>& action);

/// The code of the Error that `action` throws; kInternal when it throws none.
template <class Action>
ErrorCode code_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

}  // namespace isthmus::fixture
