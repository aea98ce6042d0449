// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the shipped NPZ parser on any bytes, with and without a key. Only Error may come
// out. The limit on data keeps honest but huge headers from slowing the search.
#include "isthmus/data/formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  isthmus::Limits limits;
  limits.data_bytes.bytes = uint64_t{1} << 24;
  for (const char* key : {"", "y"}) {
    try {
      isthmus::parse_npz(std::as_bytes(std::span(data, size)), {.key = key}, limits);
    } catch (const isthmus::Error&) {
      continue;
    }
  }
  return 0;
}
