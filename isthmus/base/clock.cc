// SPDX-License-Identifier: Apache-2.0
// The two clocks: monotonic time for budgets and wall time for what people read. No decision of the
// mathematics may depend on either.
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

}  // namespace

Clock& monotonic_clock() {
  static MonotonicClock clock;
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
