// SPDX-License-Identifier: Apache-2.0
// Fuzz target: unpacking of any bytes. Besides surviving, the two ways to read must agree: at once
// and in pieces. Only Error may come out.
#include <cstdlib>

#include "isthmus/base/error.h"
#include "isthmus/data/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  constexpr uint64_t kLimit = uint64_t{1} << 20;
  try {
    const isthmus::Bytes whole = isthmus::inflate_gzip(bytes, kLimit);
    isthmus::ByteStream in(bytes);
    isthmus::Bytes pieces;
    constexpr uint64_t kPiece = 777;
    for (auto piece = in.read_up_to(kPiece); !piece.empty(); piece = in.read_up_to(kPiece)) {
      pieces.insert(pieces.end(), piece.begin(), piece.end());
    }
    if (pieces != whole) std::abort();
  } catch (const isthmus::Error&) {
    return 0;
  }
  return 0;
}
