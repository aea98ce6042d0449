// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the shipped JPEG reader on any bytes. Only Error may come out. The limits keep huge
// but honest images from slowing the search.
#include "isthmus/data/formats.h"
#include "isthmus/data/jpeg.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  isthmus::Limits limits;
  limits.data_bytes.bytes = uint64_t{1} << 24;
  limits.image_pixels = 1 << 16;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    isthmus::read_jpeg_header(bytes, limits);
    isthmus::parse_image(bytes, limits);
  } catch (const isthmus::Error&) {
    return 0;
  }
  return 0;
}
