// SPDX-License-Identifier: Apache-2.0
// Limits of containers, for the choice of thread count and memory budget. Only reads; the affinity
// mask is looked at by usable_cpus.
#include "isthmus/base/cgroup.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isthmus/base/error.h"
#include "isthmus/base/text.h"
#include "isthmus/base/thread_pool.h"

namespace isthmus {
namespace {

std::optional<int64_t> read_integer(std::string_view text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  while (end != text.data() && (end[-1] == '\n' || end[-1] == ' ')) --end;
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

class Reader {
 public:
  Reader(Fs& fs, CgroupLimits& limits) : fs_(fs), limits_(limits) {}

  /// Version 2: one hierarchy for everything.
  void unified(const std::string& folder) {
    const std::string cpu_path = join_path(folder, "cpu.max");
    if (const auto text = read_small_text(fs_, cpu_path)) {
      const auto parts = split(*text, ' ');
      if (parts.size() == 2) set_quota(read_integer(parts[0]), read_integer(parts[1]), cpu_path);
    }
    set_memory(join_path(folder, "memory.max"));
  }
  void version1_cpu(const std::string& folder) {
    const std::string path = join_path(folder, "cpu.cfs_quota_us");
    set_quota(integer_in(path), integer_in(join_path(folder, "cpu.cfs_period_us")), path);
  }
  void version1_memory(const std::string& folder) {
    set_memory(join_path(folder, "memory.limit_in_bytes"));
  }

 private:
  std::optional<int64_t> integer_in(const std::string& path) {
    const auto text = read_small_text(fs_, path);
    return text ? read_integer(*text) : std::nullopt;
  }
  void set_quota(std::optional<int64_t> quota, std::optional<int64_t> period,
                 const std::string& source) {
    if (!quota || !period || *quota <= 0 || *period <= 0) return;  // "max" or -1: no limit
    const double cpus = static_cast<double>(*quota) / static_cast<double>(*period);
    if (limits_.cpus && *limits_.cpus <= cpus) return;
    limits_.cpus = cpus;
    limits_.cpu_source = source;
  }
  void set_memory(const std::string& path) {
    constexpr int64_t kNoLimit = int64_t{1} << 60;  // version 1 says "none" by a huge number
    const auto bytes = integer_in(path);
    if (!bytes || *bytes < 0 || *bytes >= kNoLimit) return;
    if (limits_.memory_bytes && *limits_.memory_bytes <= static_cast<uint64_t>(*bytes)) return;
    limits_.memory_bytes = static_cast<uint64_t>(*bytes);
    limits_.memory_source = path;
  }

  Fs& fs_;
  CgroupLimits& limits_;
};

/// Calls visit for mount + path and for each parent down to mount itself.
template <class Visit>
void walk_up(const std::string& mount, std::string_view path, Visit visit) {
  while (true) {
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    visit(mount + std::string(path));
    if (path.empty()) return;
    const size_t slash = path.find_last_of('/');
    path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  }
}

bool names_controller(std::string_view controllers, std::string_view name) {
  const auto parts = split(controllers, ',');
  return std::find(parts.begin(), parts.end(), name) != parts.end();
}

}  // namespace

std::optional<std::string> read_small_text(Fs& fs, const std::string& path) {
  try {
    const Bytes bytes = fs.read_prefix(path, uint64_t{1} << 16);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } catch (const Error&) {
    return std::nullopt;
  }
}

CgroupLimits read_cgroup_limits(Fs& fs, const std::string& mount,
                                std::string_view proc_self_cgroup) {
  CgroupLimits limits;
  Reader reader(fs, limits);
  for (const std::string& line : split(proc_self_cgroup, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      walk_up(mount, path, [&](const std::string& folder) { reader.unified(folder); });
    }
    if (names_controller(controllers, "cpu")) {
      for (const std::string& name : {controllers, std::string("cpu")}) {
        walk_up(join_path(mount, name), path,
                [&](const std::string& folder) { reader.version1_cpu(folder); });
      }
    }
    if (names_controller(controllers, "memory")) {
      walk_up(join_path(mount, "memory"), path,
              [&](const std::string& folder) { reader.version1_memory(folder); });
    }
  }
  return limits;
}

CgroupLimits cgroup_limits() {
  const auto groups = read_small_text(posix_fs(), "/proc/self/cgroup");
  return groups ? read_cgroup_limits(posix_fs(), "/sys/fs/cgroup", *groups) : CgroupLimits{};
}

int usable_cpus() {
  int count = 0;
  // The mask of a machine with more CPUs than cpu_set_t holds needs a larger set.
  for (int capacity = 1024; count == 0 && capacity <= 1 << 20; capacity *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<size_t>(capacity));
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(capacity));
    if (sched_getaffinity(0, bytes, set) == 0) count = CPU_COUNT_S(bytes, set);
    CPU_FREE(set);
  }
  const CgroupLimits limits = cgroup_limits();
  if (limits.cpus) count = std::min(count, static_cast<int>(std::ceil(*limits.cpus)));
  return std::max(count, 1);
}

}  // namespace isthmus
