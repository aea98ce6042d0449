// SPDX-License-Identifier: Apache-2.0
// Names of the execution interface.
#include "isthmus/exec/executor.h"

namespace isthmus {

std::string_view precision_name(Precision precision) {
  return precision == Precision::kBF16 ? "bf16" : "fp32";
}

}  // namespace isthmus
