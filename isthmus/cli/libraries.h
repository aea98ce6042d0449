// SPDX-License-Identifier: Apache-2.0
// Which libraries of others are part of this process, with their versions.
#pragma once

#include <string>
#include <vector>

#include "isthmus/base/json.h"

namespace isthmus {

struct Library {
  std::string name;    // "xxHash"
  std::string built;   // "0.8.1", from the headers; empty: unknown
  std::string loaded;  // "0.8.1", from the file that is loaded; empty: none, it is compiled in
};
/// Libraries of interest: those that the build knows, then that of the compiler.
std::vector<Library> used_libraries();

/// [{name, built, loaded}]: null where unknown.
Json libraries_json();

}  // namespace isthmus
