// SPDX-License-Identifier: Apache-2.0
// Chooses a device by name. Further devices are plug-ins that this file would look for.
#include "isthmus/runtime/open_device.h"

#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/cpu_device.h"

namespace isthmus {

std::unique_ptr<Device> open_device(const DeviceOptions& options) {
  if (options.device != "auto" && options.device != "cpu") {
    throw Error(ErrorCode::kNoDevice, "device \"" + options.device + "\" is not there",
                "use --device cpu");
  }
  return make_cpu_device(options.threads > 0 ? options.threads : usable_cpus());
}

}  // namespace isthmus
