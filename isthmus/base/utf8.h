// SPDX-License-Identifier: Apache-2.0
// Strict decoding of UTF-8, one code point at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace isthmus {

/// `bytes` is 0 when the text does not start with a valid sequence (empty, overlong, surrogate,
/// above U+10FFFF, cut off).
struct CodePoint {
  uint32_t value = 0;
  int bytes = 0;
};
CodePoint decode_utf8(std::string_view text);

}  // namespace isthmus
