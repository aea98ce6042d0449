// SPDX-License-Identifier: Apache-2.0
// Time as a parameter: budgets use the monotonic clock, and tests pass their own.
#pragma once

#include <cstdint>
#include <string>

namespace isthmus {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual double seconds() const = 0;  // monotonic, from an arbitrary start
};
Clock& monotonic_clock();
/// Processor time of all threads of this process: what it would take alone, if it has one thread.
Clock& processor_clock();
/// Wall time as 2026-01-31T12:34:56Z, for log.txt and run.json only.
std::string wall_time_utc();

}  // namespace isthmus
