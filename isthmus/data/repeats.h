// SPDX-License-Identifier: Apache-2.0
// Items with the same values, told by 64-bit digests of their bytes (XXH3): two different items
// among a million pass for equal with a chance below 3e-8.
#pragma once

#include <cstdint>
#include <span>

#include "isthmus/data/dataset.h"

namespace isthmus {

/// Items that occur before, as a share of all.
double repeated_share(const Dataset& data);

/// How many of `rows` of `data` hold the values of one of `known_rows` of `known`. Both data sets
/// have the same item shape and type.
int64_t count_known(const Dataset& data, std::span<const int64_t> rows, const Dataset& known,
                    std::span<const int64_t> known_rows);

}  // namespace isthmus
