// SPDX-License-Identifier: Apache-2.0
// Reads bytes from outside without ever overrunning: each read past the end throws Error E3005 with
// the offset. The cursor borrows the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "isthmus/base/error.h"

namespace isthmus {

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t offset() const { return offset_; }
  uint64_t remaining() const { return bytes_.size() - offset_; }
  uint8_t u8() { return static_cast<uint8_t>(take(1)[0]); }
  uint32_t be32() {
    auto b = take(4);
    uint32_t v = 0;
    for (std::byte x : b) v = (v << 8) | static_cast<uint32_t>(x);
    return v;
  }
  uint64_t le(int num_bytes) {
    auto b = take(static_cast<uint64_t>(num_bytes));
    uint64_t v = 0;
    for (int i = num_bytes - 1; i >= 0; --i)
      v = (v << 8) | static_cast<uint64_t>(b[static_cast<size_t>(i)]);
    return v;
  }
  std::span<const std::byte> take(uint64_t count) {
    if (count > remaining()) {
      throw Error(ErrorCode::kTruncated,
                  "the file ends after " + std::to_string(bytes_.size()) + " bytes, but " +
                      std::to_string(count) + " are needed at offset " + std::to_string(offset_),
                  {}, {.offset = static_cast<int64_t>(offset_)});
    }
    auto part = bytes_.subspan(offset_, count);
    offset_ += count;
    return part;
  }

 private:
  std::span<const std::byte> bytes_;
  uint64_t offset_ = 0;
};

}  // namespace isthmus
