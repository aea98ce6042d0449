// SPDX-License-Identifier: Apache-2.0
// The CPU as a device.
#pragma once

#include <memory>

#include "isthmus/exec/executor.h"

namespace isthmus {

/// `threads` >= 1. The device must outlive its executors.
std::unique_ptr<Device> make_cpu_device(int threads);

}  // namespace isthmus
