// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the shipped PNG parser on any bytes. Only Error may come out. The limit on data
// keeps honest but huge headers from slowing the search; it is no part of what is tested.
#include "isthmus/data/formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  isthmus::Limits limits;
  limits.data_bytes.bytes = uint64_t{1} << 24;
  try {
    isthmus::parse_image(std::as_bytes(std::span(data, size)), limits);
  } catch (const isthmus::Error&) {
    return 0;
  }
  return 0;
}
