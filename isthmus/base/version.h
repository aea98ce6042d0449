// SPDX-License-Identifier: Apache-2.0
// The version of isthmus, as printed, stored in models and compared on resume.
#pragma once

#include <string_view>

namespace isthmus {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace isthmus
