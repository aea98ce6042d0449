// SPDX-License-Identifier: Apache-2.0
// Parts of the second pass: what batch-wise nodes share with each other.
#pragma once

#include "isthmus/cpu/compile/forms.h"

namespace isthmus {

std::map<uint32_t, BatchForm> choose_batch_forms(const Uses& uses);

}  // namespace isthmus
