// SPDX-License-Identifier: Apache-2.0
// The pool: every task once, by its owner; exceptions; arithmetic modes; no allocation.
#include "isthmus/base/thread_pool.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"

namespace {
std::atomic<int64_t> g_allocations{0};
}  // namespace

// The whole test program counts its allocations; only one test looks at the count.
[[gnu::noinline]] void* operator new(std::size_t size) {
  g_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(size > 0 ? size : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace isthmus {
namespace {

TEST(ThreadPool, RunsEachTaskOnceByTheOwnerOfItsShare) {
  for (int threads = 1; threads <= 5; ++threads) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.num_threads(), threads);
    for (int64_t n = 0; n <= 40; ++n) {
      std::vector<int> count(static_cast<size_t>(n)), owner(static_cast<size_t>(n), -1);
      auto body = [&](int64_t task, int thread) {
        ++count[static_cast<size_t>(task)];
        owner[static_cast<size_t>(task)] = thread;
      };
      pool.run(n, body);
      for (int64_t task = 0; task < n; ++task) {
        EXPECT_EQ(count[static_cast<size_t>(task)], 1);
        const int64_t t = owner[static_cast<size_t>(task)];
        EXPECT_GE(task, t * n / threads);
        EXPECT_LT(task, (t + 1) * n / threads);
      }
    }
  }
}

TEST(ThreadPool, ResultsDoNotDependOnTheNumberOfThreads) {
  std::vector<float> expected;
  for (int threads : {1, 2, 3, 4, 7}) {
    ThreadPool pool(threads);
    std::vector<float> values(64 * 10);
    auto body = [&](int64_t task, int) {
      fill_normal(RngKey::from(1, "noise"), static_cast<uint64_t>(task), 0, 0,
                  values.data() + task * 10, 10);
    };
    pool.run(64, body);
    if (expected.empty()) expected = values;
    EXPECT_EQ(values, expected) << threads;
  }
}

TEST(ThreadPool, SurvivesThousandsOfShortRuns) {
  for (int threads : {2, 4}) {
    ThreadPool pool(threads);
    std::vector<int64_t> sums(static_cast<size_t>(threads) * 8);
    auto body = [&](int64_t task, int thread) { sums[static_cast<size_t>(thread) * 8] += task; };
    for (int i = 0; i < 2000; ++i) pool.run(10, body);
    int64_t total = 0;
    for (int64_t s : sums) total += s;
    EXPECT_EQ(total, 2000 * 45);
  }
}

TEST(ThreadPool, RethrowsTheExceptionOfTheLowestTask) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    auto body = [&](int64_t task, int) {
      if (task % 5 == 3) throw std::runtime_error("task " + std::to_string(task));
    };
    for (int repeat = 0; repeat < 20; ++repeat) {
      try {
        pool.run(30, body);
        FAIL();
      } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "task 3");
      }
    }
    int done = 0;
    auto fine = [&](int64_t, int thread) { done += thread == 0; };
    pool.run(1, fine);  // the pool is usable afterwards
    EXPECT_LE(done, 1);
  }
}

TEST(ThreadPool, RefusesNestedRuns) {
  ThreadPool pool(2);
  auto nothing = [](int64_t, int) {};
  auto nested = [&](int64_t, int) { pool.run(1, nothing); };
  EXPECT_THROW(pool.run(4, nested), InternalError);
  pool.run(4, nothing);
}

TEST(ThreadPool, EveryThreadFlushesDenormals) {
  ThreadPool pool(3);
  std::vector<unsigned> modes(3);
  std::vector<float> products(3, 1.0f);
  volatile float tiny = std::numeric_limits<float>::min();
  auto body = [&](int64_t task, int) {
    const auto i = static_cast<size_t>(task);
    modes[i] = _mm_getcsr();
    products[i] = tiny * 0.5f;
  };
  const unsigned before = _mm_getcsr();
  pool.run(3, body);
  EXPECT_EQ(_mm_getcsr(), before);
  EXPECT_GT(tiny * 0.5f, 0.0f);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(modes[i] & 0x8040u, 0x8040u);
    EXPECT_EQ(products[i], 0.0f);
  }
}

TEST(ThreadPool, RunDoesNotAllocate) {
  ThreadPool pool(3);
  std::vector<float> values(300);
  auto body = [&](int64_t task, int) { values[static_cast<size_t>(task)] += 1; };
  pool.run(300, body);
  const int64_t before = g_allocations.load();
  for (int i = 0; i < 100; ++i) pool.run(300, body);
  EXPECT_EQ(g_allocations.load(), before);
}

TEST(ThreadPool, SharesOfHugeCountsDoNotOverflow) {
  ThreadPool pool(2);
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> highest_first{0};
  auto body = [&](int64_t task, int thread) {
    if (thread == 1) highest_first.store(task);
    throw std::runtime_error("enough");
  };
  EXPECT_THROW(pool.run(kHuge, body), std::runtime_error);
  EXPECT_EQ(highest_first.load(), kHuge / 2);
}

TEST(ThreadPool, TakesConstantAndCopiedBodies) {
  ThreadPool pool(2);
  std::atomic<int> calls{0};
  const auto body = [&](int64_t, int) { ++calls; };
  ThreadPool::Body borrowed(body);
  const ThreadPool::Body copy(borrowed);
  pool.run(3, body);
  pool.run(3, borrowed);
  pool.run(3, copy);
  EXPECT_EQ(calls.load(), 9);
}

TEST(ThreadPool, NeedsAThread) { EXPECT_THROW(ThreadPool(0), InternalError); }

TEST(ArithmeticGuard, RestoresWhatItFound) {
  const unsigned before = _mm_getcsr();
  {
    const ArithmeticGuard outer;
    { const ArithmeticGuard inner; }
    EXPECT_EQ(_mm_getcsr() & 0x8040u, 0x8040u);
  }
  EXPECT_EQ(_mm_getcsr(), before);
}

TEST(UsableCpus, IsPositive) { EXPECT_GE(usable_cpus(), 1); }

}  // namespace
}  // namespace isthmus
