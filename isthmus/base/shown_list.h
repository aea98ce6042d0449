// SPDX-License-Identifier: Apache-2.0
// A list of names for one line of a message: a table may have 65,536 columns with long names.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace isthmus {

/// "a, b, c and 19,997 more"; long names are cut.
std::string shown_list(const std::vector<std::string>& names, size_t most = 8);

}  // namespace isthmus
