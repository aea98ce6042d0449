// SPDX-License-Identifier: Apache-2.0
// The list of known data sets as JSON, for `datasets` and `doctor`.
#pragma once

#include <string>
#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/data/known_sets.h"

namespace isthmus {

/// [{name, found, path, package, install, n, shape, licence}]
Json known_sets_json(Fs& fs, const std::vector<std::string>& search_path);

}  // namespace isthmus
