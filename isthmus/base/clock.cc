// SPDX-License-Identifier: Apache-2.0
// Monotonic time for budgets, processor time for measurements, wall time for what people read. No
// decision of the mathematics may depend on any of them.
#include "isthmus/base/clock.h"

#include <chrono>
#include <ctime>

namespace isthmus {
namespace {

class MonotonicClock : public Clock {
 public:
  double seconds() const override {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

class ProcessorClock : public Clock {
 public:
  double seconds() const override {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
  }
};

}  // namespace

Clock& monotonic_clock() {
  static MonotonicClock clock;
  return clock;
}

Clock& processor_clock() {
  static ProcessorClock clock;
  return clock;
}

std::string wall_time_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, length);
}

}  // namespace isthmus
