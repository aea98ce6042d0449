// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the strict JSON reader. A text is refused with a place inside it, or what it says
// survives writing and reading, and takes a small multiple of its size.
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "isthmus/base/json.h"

namespace {

/// What the program has allocated; 0 under a sanitizer, which has an allocator of its own.
size_t allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isthmus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr size_t kMultiple = 24, kFree = size_t{1} << 18;
  const size_t before = allocated();
  const auto read = parse_json(text, {});
  if (allocated() > before + kMultiple * size + kFree) std::abort();
  if (const auto* fault = std::get_if<JsonParseError>(&read)) {
    if (fault->offset < 0 || fault->offset > static_cast<int64_t>(size)) std::abort();
    return 0;
  }
  const Json& json = std::get<Json>(read);
  for (const std::string& written : {json.dump(), json.dump_pretty()}) {
    const auto again = parse_json(written, {.max_bytes = uint64_t{1} << 24});
    if (!std::holds_alternative<Json>(again) || !(std::get<Json>(again) == json)) std::abort();
  }
  return 0;
}
