// SPDX-License-Identifier: Apache-2.0
// The grey levels that images of whole numbers are stored in.
#pragma once

#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// Images of whole numbers from 0: the smallest 2^k or 2^k - 1 that no value exceeds (255, 4095,
/// 16); 0 for all other data. The level does not depend on which items happen to be the brightest.
double grey_level(const DataSpec& spec);

}  // namespace isthmus
