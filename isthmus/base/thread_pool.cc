// SPDX-License-Identifier: Apache-2.0
// The team of threads that does all computing. One release barrier by a generation counter, one
// gathering barrier by a countdown; both spin for about as long as a short kernel lasts and then
// sleep. No queue, no stealing: shares follow from the number of tasks alone.
#include "isthmus/base/thread_pool.h"

#include <signal.h>
#include <xmmintrin.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <limits>
#include <system_error>
#include <thread>
#include <vector>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
constexpr auto kSpinTime = std::chrono::microseconds(100);

/// Waits until `value` differs from `old`: spins first (unless told not to), then sleeps.
uint32_t wait_for_change(const std::atomic<uint32_t>& value, uint32_t old, bool spin) {
  uint32_t now = value.load(std::memory_order_acquire);
  if (now != old) return now;
  if (spin) {
    const auto start = std::chrono::steady_clock::now();
    do {
      for (int i = 0; i < 32; ++i) {
        now = value.load(std::memory_order_acquire);
        if (now != old) return now;
        _mm_pause();
      }
    } while (std::chrono::steady_clock::now() - start < kSpinTime);
  }
  while ((now = value.load(std::memory_order_acquire)) == old) {
    value.wait(old, std::memory_order_acquire);
  }
  return now;
}

/// Signals are the business of the program's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }

 private:
  sigset_t old_;
};

}  // namespace

struct ThreadPool::State {
  /// What a thread reports; padded so that neighbours do not share a cache line.
  struct alignas(64) Failure {
    int64_t task = std::numeric_limits<int64_t>::max();
    std::exception_ptr error;
  };

  int num_threads = 1;
  bool spin = true;
  std::vector<std::thread> threads;
  std::vector<Failure> failures;
  // Written by the caller before it raises the generation, read by the team after it saw that.
  int64_t num_tasks = 0;
  const Body* body = nullptr;
  bool stop = false;
  alignas(64) std::atomic<uint32_t> generation{0};
  alignas(64) std::atomic<uint32_t> unfinished{0};
  alignas(64) std::atomic<bool> running{false};

  void work_share(int thread) {
    // In 128 bits: thread * num_tasks may pass 2^63.
    const auto border = [&](int t) {
      return static_cast<int64_t>(static_cast<__int128>(num_tasks) * t / num_threads);
    };
    Failure& failure = failures[static_cast<size_t>(thread)];
    int64_t task = border(thread);
    const int64_t end = border(thread + 1);
    try {
      for (; task < end; ++task) (*body)(task, thread);
    } catch (...) {
      failure.task = task;
      failure.error = std::current_exception();
    }
  }

  void thread_main(int thread) {
    const ArithmeticGuard guard;
    uint32_t seen = 0;
    while (true) {
      seen = wait_for_change(generation, seen, spin);
      if (stop) return;
      work_share(thread);
      if (unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished.notify_one();
    }
  }

  void wait_for_team() {
    uint32_t left = unfinished.load(std::memory_order_acquire);
    while (left != 0) left = wait_for_change(unfinished, left, spin);
  }

  void release_team() {
    generation.fetch_add(1, std::memory_order_release);
    generation.notify_all();
  }

  void join() {
    stop = true;
    release_team();
    for (std::thread& t : threads) t.join();
    threads.clear();
  }

  void rethrow_first() {
    Failure* first = nullptr;
    for (Failure& f : failures) {
      if (f.error && (first == nullptr || f.task < first->task)) first = &f;
    }
    if (first == nullptr) return;
    const std::exception_ptr error = first->error;
    for (Failure& f : failures) f = Failure();
    running.store(false, std::memory_order_release);
    std::rethrow_exception(error);
  }
};

ThreadPool::ThreadPool(int num_threads) : state_(std::make_unique<State>()) {
  ISTHMUS_CHECK(num_threads >= 1, "a pool has at least one thread");
  State& s = *state_;
  s.num_threads = num_threads;
  // More threads than CPUs: whoever spins keeps the others from working.
  s.spin = num_threads <= usable_cpus();
  s.failures.resize(static_cast<size_t>(num_threads));
  s.threads.reserve(static_cast<size_t>(num_threads - 1));
  const SignalsBlocked blocked;
  try {
    for (int t = 1; t < num_threads; ++t) s.threads.emplace_back([&s, t] { s.thread_main(t); });
  } catch (const std::system_error& e) {
    const size_t started = s.threads.size() + 1;
    s.join();
    throw Error(ErrorCode::kProcessLimit,
                "only " + std::to_string(started) + " of " + std::to_string(num_threads) +
                    " threads could be started: " + e.what(),
                "use fewer --threads or raise the limit of processes (ulimit -u)");
  }
}

ThreadPool::~ThreadPool() { state_->join(); }

int ThreadPool::num_threads() const { return state_->num_threads; }

void ThreadPool::run(int64_t num_tasks, Body body) {
  if (num_tasks <= 0) return;
  State& s = *state_;
  ISTHMUS_CHECK(!s.running.exchange(true, std::memory_order_acquire),
                "ThreadPool::run inside ThreadPool::run");
  const ArithmeticGuard guard;
  s.num_tasks = num_tasks;
  s.body = &body;
  const bool alone = s.num_threads == 1;
  if (!alone) {
    s.unfinished.store(static_cast<uint32_t>(s.num_threads - 1), std::memory_order_relaxed);
    s.release_team();
  }
  s.work_share(0);
  if (!alone) s.wait_for_team();
  s.rethrow_first();
  s.running.store(false, std::memory_order_release);
}

ArithmeticGuard::ArithmeticGuard() : saved_mxcsr_(_mm_getcsr()) {
  _mm_setcsr(saved_mxcsr_ | kFlushToZero | kDenormalsAreZero);
}

ArithmeticGuard::~ArithmeticGuard() { _mm_setcsr(saved_mxcsr_); }

}  // namespace isthmus
