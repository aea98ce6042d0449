// SPDX-License-Identifier: Apache-2.0
// Fuzzes the reader of model files, the very function that opens them: any bytes either become a
// container or are refused with an Error. What is accepted must be written and read back the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "isthmus/checkpoint/safetensors.h"

namespace {

using namespace isthmus;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_container(std::span<const std::byte> file, Container& container) {
  try {
    container = read_container(file, {});
    return true;
  } catch (const Error&) {
    return false;
  }
}

void check_round_trip(const Container& container) {
  Bytes written;
  try {
    written = write_container(container.metadata, container.tensors);
  } catch (const Error&) {
    return;  // a foreign file may lack the room for our metadata
  }
  const SafetensorsHeader header = parse_safetensors_header(written, written.size(), {});
  try {
    read_container(written, {});
  } catch (const Error& error) {  // metadata that were foreign may ask for the impossible
    require(error.code() != ErrorCode::kModelDigest);
  }
  require(header.data_offset % 64 == 0 && header.tensors.size() == container.tensors.size());
  for (const TensorEntry& entry : header.tensors) {
    const auto found = container.tensors.find(entry.name);
    require(found != container.tensors.end());
    const auto data =
        std::span(written).subspan(header.data_offset + entry.begin, entry.end - entry.begin);
    require(std::ranges::equal(data, found->second.bytes()));
  }
}

/// Also without the digest, which random changes never get right.
void check_header(std::span<const std::byte> file) {
  try {
    parse_safetensors_header(file, file.size(), {});
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  check_header(file);
  Container container;
  if (!is_container(file, container)) return 0;
  check_round_trip(container);
  try {
    require_kind(container, "model");
    require_finite(container.tensors);
  } catch (const Error&) {
  }
  return 0;
}
