// SPDX-License-Identifier: Apache-2.0
// Tasks shared out in advance, evened out at the end: each thread works through its share from the
// front, so that it finds the memory of the last step in its caches; one that has finished takes
// from the back of the others'. Who computes a task never decides what is computed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace isthmus {

class TaskShares {
 public:
  explicit TaskShares(int num_threads);
  /// Share t is [cuts[t], cuts[t + 1]), for all threads; indices below 2^32. Not while tasks are
  /// taken.
  void assign(const std::vector<int64_t>& cuts);
  /// The next task for `thread`; -1 when none is left. Does not allocate.
  int64_t take(int thread) noexcept;

 private:
  struct alignas(64) Share {
    std::atomic<uint64_t> range{0};  // begin in the low half, end in the high half
  };
  int num_threads_;
  std::unique_ptr<Share[]> shares_;
};

}  // namespace isthmus
