// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what a file is, told by its first bytes. Only Error may come out.
#include "isthmus/data/foreign.h"
#include "isthmus/data/formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  isthmus::data_name(bytes);
  try {
    isthmus::format_of(bytes);
  } catch (const isthmus::Error&) {
    return 0;
  }
  return 0;
}
