// SPDX-License-Identifier: Apache-2.0
// Which libraries of others are part of this process, with their versions.
#pragma once

#include <string>
#include <vector>

#include "isthmus/base/json.h"

namespace isthmus {

struct Library {
  std::string name;    // "dnnl"
  std::string loaded;  // "2.6", from the file that is loaded
};
/// Shared libraries of interest, in order of name.
std::vector<Library> loaded_libraries();

/// [{name, built, loaded}]: null where unknown.
Json libraries_json();

}  // namespace isthmus
