// SPDX-License-Identifier: Apache-2.0
// A fixed team of threads with static work shares.
//
// run(n, body) calls body(task, thread) for all tasks 0 .. n-1; thread t of T takes the tasks from
// t*n/T to (t+1)*n/T. Who computes never decides what is computed. The caller's thread is thread 0.
// Every thread (the caller inside run, too) flushes denormals. Waiting spins briefly, then blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>

namespace isthmus {

class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int num_threads() const;

  /// A borrowed callable: no allocation, the referred object must outlive the call.
  class Body {
   public:
    template <class F>
    requires(!std::is_same_v<std::remove_cv_t<F>, Body>) Body(F& f)  // NOLINT: meant to be implicit
        : object_(const_cast<void*>(static_cast<const void*>(&f))),
          call_([](void* o, int64_t task, int thread) { (*static_cast<F*>(o))(task, thread); }) {}
    void operator()(int64_t task, int thread) const { call_(object_, task, thread); }

   private:
    void* object_;
    void (*call_)(void*, int64_t, int);
  };

  /// Runs all tasks and returns when they are done. The first exception of the lowest task index is
  /// rethrown after the barrier. Not reentrant. Does not allocate.
  void run(int64_t num_tasks, Body body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// CPUs this process may use (affinity mask and cgroup quota), at least 1.
int usable_cpus();

/// Sets flush-to-zero and denormals-are-zero for the calling thread; restores what it found.
class ArithmeticGuard {
 public:
  ArithmeticGuard();
  ~ArithmeticGuard();
  ArithmeticGuard(const ArithmeticGuard&) = delete;
  ArithmeticGuard& operator=(const ArithmeticGuard&) = delete;

 private:
  unsigned saved_mxcsr_ = 0;
};

}  // namespace isthmus
