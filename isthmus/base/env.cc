// SPDX-License-Identifier: Apache-2.0
// The environment, read here and nowhere else. Which variable overrides which option is decided by
// the command line, not here.
#include "isthmus/base/env.h"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

namespace isthmus {

const std::vector<EnvVariable>& known_env_variables() {
  static const std::vector<EnvVariable> variables = {
      {"COLUMNS", "width of the terminal in characters"},
      {"ISTHMUS_BUILD", "build folder of ./run; no option, and isthmus itself ignores it"},
      {kInstructionsVariable,
       "highest instruction set that is used: plain avx2 avx512 avx512_bf16 amx"},
      {"ISTHMUS_<SECTION>_<KEY>", "sets the option section.key, for example ISTHMUS_TRAIN_EPOCHS"},
      {"NO_COLOR", "not empty: no colours"},
      {"OMP_NUM_THREADS", "ignored: the number of threads is --threads"},
      {"TERM", "dumb: no progress line, no colours"},
      {"TMPDIR", "folder for temporary files"},
  };
  return variables;
}

std::optional<std::string> env_value(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::vector<std::pair<std::string, std::string>> isthmus_env_variables() {
  constexpr std::string_view kPrefix = "ISTHMUS_";
  std::vector<std::pair<std::string, std::string>> found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (!text.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (name == "ISTHMUS_BUILD" || name == kInstructionsVariable) continue;  // no options
    found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace isthmus
