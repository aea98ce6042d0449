// SPDX-License-Identifier: Apache-2.0
// One atomic word per share holds both ends, so that owner and thief cannot take the same task.
#include "isthmus/cpu/task_shares.h"

namespace isthmus {
namespace {

constexpr int kHalf = 32;
constexpr uint64_t kFront = 1, kBack = uint64_t{1} << kHalf;

int64_t begin_of(uint64_t range) { return static_cast<int64_t>(range & (kBack - 1)); }
int64_t end_of(uint64_t range) { return static_cast<int64_t>(range >> kHalf); }

int64_t take_from(std::atomic<uint64_t>& share, bool front) {
  uint64_t range = share.load(std::memory_order_relaxed);
  while (begin_of(range) < end_of(range)) {
    const uint64_t rest = front ? range + kFront : range - kBack;
    if (share.compare_exchange_weak(range, rest, std::memory_order_relaxed)) {
      return front ? begin_of(range) : end_of(range) - 1;
    }
  }
  return -1;
}

}  // namespace

TaskShares::TaskShares(int num_threads)
    : num_threads_(num_threads), shares_(std::make_unique<Share[]>(size_t(num_threads))) {}

void TaskShares::assign(const std::vector<int64_t>& cuts) {
  for (int t = 0; t < num_threads_; ++t) {
    const auto k = static_cast<size_t>(t);
    const auto begin = static_cast<uint64_t>(cuts[k]), end = static_cast<uint64_t>(cuts[k + 1]);
    shares_[k].range.store(begin | end << kHalf, std::memory_order_relaxed);
  }
}

int64_t TaskShares::take(int thread) noexcept {
  for (int k = 0; k < num_threads_; ++k) {
    const auto share = static_cast<size_t>((thread + k) % num_threads_);
    const int64_t task = take_from(shares_[share].range, k == 0);
    if (task >= 0) return task;
  }
  return -1;
}

}  // namespace isthmus
