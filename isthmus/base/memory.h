// SPDX-License-Identifier: Apache-2.0
// How much memory there is and how much this process has used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace isthmus {

struct MemoryLimit {
  uint64_t bytes = 0;
  std::string source;  // "RAM" or the control group's file
};

uint64_t total_ram_bytes();
/// The container's limit, if one is set.
std::optional<MemoryLimit> cgroup_memory_limit();
/// The smaller of both.
MemoryLimit usable_memory();
/// Highest resident size of this process so far (VmHWM); 0 when the system does not tell.
uint64_t peak_rss_bytes();

}  // namespace isthmus
