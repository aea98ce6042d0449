// SPDX-License-Identifier: Apache-2.0
// The background thread that stores checkpoints, fed by the trainer at step boundaries. It knows
// jobs, not their content. All sharing goes through one mutex; jobs run outside it.
#include "isthmus/checkpoint/checkpoint_writer.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "isthmus/base/error.h"
#include "isthmus/base/log.h"

namespace isthmus {

struct CheckpointWriter::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<CheckpointJob> waiting;
  bool in_flight = false;
  bool stopping = false;
  std::exception_ptr error;  // the first one that was not thrown yet
  std::vector<std::string> finished;
  std::thread thread;

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return waiting.has_value() || stopping; });
      if (!waiting) return;
      run_waiting(lock);
    }
  }

  void run_waiting(std::unique_lock<std::mutex>& lock) {
    std::optional<CheckpointJob> job = std::exchange(waiting, std::nullopt);
    in_flight = true;
    changed.notify_all();
    lock.unlock();
    std::exception_ptr failure;
    try {
      job->write();
    } catch (...) {
      failure = std::current_exception();
    }
    std::string label = std::move(job->label);
    job.reset();  // frees the copy of the state before the writer counts as idle
    lock.lock();
    in_flight = false;
    if (failure) {
      if (!error) error = std::move(failure);
      waiting.reset();  // a later file may stand on what is missing now
    } else {
      finished.push_back(std::move(label));  // submit has reserved the place
    }
    changed.notify_all();
  }

  bool busy() const { return in_flight || waiting.has_value(); }

  void throw_error() {
    if (error) std::rethrow_exception(std::exchange(error, nullptr));
  }
};

CheckpointWriter::CheckpointWriter() : state_(std::make_unique<State>()) {
  try {
    state_->thread = std::thread([state = state_.get()] { state->work(); });
  } catch (const std::system_error& error) {
    throw Error(
        ErrorCode::kProcessLimit,
        std::string("the thread that writes checkpoints cannot be started: ") + error.what(),
        "raise the limits of processes and memory (ulimit -u, ulimit -v)");
  }
}

CheckpointWriter::~CheckpointWriter() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
  if (!state_->error) return;
  try {
    std::rethrow_exception(state_->error);
  } catch (const std::exception& error) {
    log_event({LogLevel::kError, "", error.what(), ""});
  } catch (...) {
    log_event({LogLevel::kError, "", "a checkpoint was not written", ""});
  }
}

bool CheckpointWriter::submit(CheckpointJob job, Urgency urgency) {
  std::unique_lock lock(state_->mutex);
  state_->throw_error();
  if (urgency == Urgency::kPeriodic && state_->busy()) return false;
  state_->changed.wait(lock, [this] { return !state_->waiting.has_value(); });
  state_->throw_error();
  // One place each for the job in flight and for this one: the thread cannot fail to note them.
  state_->finished.reserve(state_->finished.size() + 2);
  state_->waiting = std::move(job);
  state_->changed.notify_all();
  return true;
}

void CheckpointWriter::drain() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return !state_->busy(); });
  state_->throw_error();
}

std::vector<std::string> CheckpointWriter::take_finished() {
  std::lock_guard lock(state_->mutex);
  std::vector<std::string> labels = state_->finished;
  state_->finished.clear();  // keeps the places
  return labels;
}

}  // namespace isthmus
