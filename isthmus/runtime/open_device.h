// SPDX-License-Identifier: Apache-2.0
// The only place that knows which devices exist.
#pragma once

#include <memory>
#include <string>

#include "isthmus/exec/executor.h"

namespace isthmus {

struct DeviceOptions {
  std::string device = "auto";  // "auto", "cpu"
  int threads = 0;              // 0: the CPUs this process may use
};

/// Error E5301 for a device that is not there.
std::unique_ptr<Device> open_device(const DeviceOptions& options);

}  // namespace isthmus
