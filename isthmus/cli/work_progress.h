// SPDX-License-Identifier: Apache-2.0
// Shows how far a command is that works for long without training: reading, evaluating, encoding.
// A line that is redrawn on a terminal, a line every ten seconds elsewhere, nothing with -q, --json
// or --progress none.
#pragma once

#include <string>
#include <string_view>
#include <thread>

#include "isthmus/base/clock.h"
#include "isthmus/base/work.h"
#include "isthmus/cli/console.h"

namespace isthmus {

/// Listens to note_work() while it lives.
class WorkProgress {
 public:
  explicit WorkProgress(Console& console, const Clock& clock = monotonic_clock());
  ~WorkProgress();
  WorkProgress(const WorkProgress&) = delete;
  WorkProgress& operator=(const WorkProgress&) = delete;

 private:
  void note(std::string_view what, uint64_t done, uint64_t total);
  Console& console_;
  const Clock& clock_;
  WorkSink old_;
  std::thread::id thread_;
  std::string what_;
  uint64_t last_done_ = 0;
  bool drawn_ = false;
  double began_ = 0, next_ = 0;
};

}  // namespace isthmus
