// SPDX-License-Identifier: Apache-2.0
// The only place that reads the environment, from one table that `isthmus doctor` prints.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

/// Read by the CPU device (cpu/instruction_set.h).
inline constexpr std::string_view kInstructionsVariable = "ISTHMUS_INSTRUCTIONS";

struct EnvVariable {
  std::string_view name;
  std::string_view meaning;
};
/// The fixed variables: NO_COLOR, TERM, COLUMNS, ISTHMUS_INSTRUCTIONS, ...
const std::vector<EnvVariable>& known_env_variables();
std::optional<std::string> env_value(std::string_view name);
/// All variables named ISTHMUS_*, sorted: options as ISTHMUS_MODEL_LATENT_DIM.
std::vector<std::pair<std::string, std::string>> isthmus_env_variables();

}  // namespace isthmus
