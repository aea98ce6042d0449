// SPDX-License-Identifier: Apache-2.0
// The items that a model's graphs begin with, and whether its likelihood can hold them.
#pragma once

#include "isthmus/models/model.h"

namespace isthmus {

/// The input "x" as rows, (B, D), without anything done to it.
Value given_items(const ModelBuild& b);

/// Error E3404 with a remedy for data outside of the support of the setup's likelihood.
void require_range(const ModelSetup& setup);

}  // namespace isthmus
