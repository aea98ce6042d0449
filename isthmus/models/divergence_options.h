// SPDX-License-Identifier: Apache-2.0
// Options of models that hold the distribution of their codes to the prior by a kernel distance.
#pragma once

#include "isthmus/base/options.h"
#include "isthmus/losses/divergence.h"

namespace isthmus {

struct KernelOptions {
  std::string kernel = "imq";

  static constexpr auto fields() {
    return std::tuple{field(&KernelOptions::kernel, "model.kernel", one_of(kernel_names),
                            "Kernel of the distance between codes and prior: imq (seven scales), "
                            "rbf (three, for small differences of shape).",
                            {.level = OptionLevel::kRare})};
  }
};

}  // namespace isthmus
