// SPDX-License-Identifier: Apache-2.0
// What the arithmetic fingerprint is made of.
#pragma once

#include "isthmus/graph/graph.h"

namespace isthmus {

/// A training step that runs every kind of kernel but those of single elementwise operations.
Graph fingerprint_step();

}  // namespace isthmus
