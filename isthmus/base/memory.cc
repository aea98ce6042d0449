// SPDX-License-Identifier: Apache-2.0
// Sizes of memory as the system tells them. Budgets are made of these elsewhere.
#include "isthmus/base/memory.h"

#include <unistd.h>

#include <charconv>

#include "isthmus/base/cgroup.h"

namespace isthmus {

uint64_t total_ram_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
}

std::optional<MemoryLimit> cgroup_memory_limit() {
  const CgroupLimits limits = cgroup_limits();
  if (!limits.memory_bytes) return std::nullopt;
  return MemoryLimit{*limits.memory_bytes, limits.memory_source};
}

MemoryLimit usable_memory() {
  const MemoryLimit ram{total_ram_bytes(), "RAM"};
  const auto group = cgroup_memory_limit();
  return group && group->bytes < ram.bytes ? *group : ram;
}

uint64_t peak_rss_bytes() {
  constexpr std::string_view kLabel = "VmHWM:";
  const auto status = read_small_text(posix_fs(), "/proc/self/status");
  const size_t at = status ? status->find(kLabel) : std::string::npos;
  if (at == std::string::npos) return 0;
  const size_t digits = status->find_first_of("0123456789", at);
  if (digits == std::string::npos) return 0;
  uint64_t kilobytes = 0;
  std::from_chars(status->data() + digits, status->data() + status->size(), kilobytes);
  return kilobytes * 1024;
}

}  // namespace isthmus
