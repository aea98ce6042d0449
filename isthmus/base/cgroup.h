// SPDX-License-Identifier: Apache-2.0
// What a container lets this process use. Reads control groups of both versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isthmus/base/fs.h"

namespace isthmus {

struct CgroupLimits {
  std::optional<double> cpus;
  std::string cpu_source;  // the file that holds the smallest quota
  std::optional<uint64_t> memory_bytes;
  std::string memory_source;
};

/// The smallest limits on the way from the process's groups to the root. `proc_self_cgroup` is the
/// text of /proc/self/cgroup, `mount` the folder of the hierarchies (/sys/fs/cgroup). Files that
/// are missing or unreadable set no limit.
CgroupLimits read_cgroup_limits(Fs& fs, const std::string& mount,
                                std::string_view proc_self_cgroup);
/// The limits of this process.
CgroupLimits cgroup_limits();

/// The text of a small file; nullopt when it cannot be read.
std::optional<std::string> read_small_text(Fs& fs, const std::string& path);

}  // namespace isthmus
