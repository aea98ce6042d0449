// SPDX-License-Identifier: Apache-2.0
// Fuzz target: the strict JSON reader. A text is refused with a place inside it, or what it says
// survives writing and reading.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "isthmus/base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isthmus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = parse_json(text, {});
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
