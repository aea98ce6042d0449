// SPDX-License-Identifier: Apache-2.0
// Fuzz target: configuration files. A text is refused with Error, or becomes keys that stand on a
// line of it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "isthmus/cli/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace isthmus;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    for (const ConfigEntry& entry : parse_config(text, "fuzz.toml")) {
      const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
      if (entry.line < 1 || entry.line > lines || entry.column < 1) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
