// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/task_shares.h"

#include <gtest/gtest.h>

#include <atomic>

#include "isthmus/base/thread_pool.h"

namespace isthmus {
namespace {

TEST(TaskShares, TheOwnShareComesFirstFromTheFrontThenTheOthersFromTheBack) {
  TaskShares shares(3);
  shares.assign({0, 2, 2, 5});
  std::vector<int64_t> taken;
  for (int k = 0; k < 6; ++k) taken.push_back(shares.take(0));
  EXPECT_EQ(taken, (std::vector<int64_t>{0, 1, 4, 3, 2, -1}));
  shares.assign({0, 2, 2, 5});
  EXPECT_EQ(shares.take(2), 2);
  EXPECT_EQ(shares.take(1), 4);  // nothing of its own
}

TEST(TaskShares, EveryTaskIsTakenOnceByThreadsAtOnce) {
  constexpr int kThreads = 4, kTasks = 500;
  ThreadPool pool(kThreads);
  TaskShares shares(kThreads);
  for (int round = 0; round < 50; ++round) {
    shares.assign({0, 400, 410, 420, kTasks});
    std::vector<std::atomic<int>> times(kTasks);
    auto body = [&](int64_t, int thread) {
      for (int64_t task = shares.take(thread); task >= 0; task = shares.take(thread)) {
        ++times[static_cast<size_t>(task)];
      }
    };
    pool.run(kThreads, body);
    for (const auto& n : times) ASSERT_EQ(n, 1);
  }
}

}  // namespace
}  // namespace isthmus
