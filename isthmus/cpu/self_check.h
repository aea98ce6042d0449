// SPDX-License-Identifier: Apache-2.0
// Whether equal inputs give equal bits on two threads: what the promise of equal weights for any
// number of threads rests on, tried with the very products of a program before it trains.
#pragma once

#include <cstdint>
#include <functional>

#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/program.h"

namespace isthmus {

/// Computes `count` floats twice, on two threads of the pool where it has two, and compares them
/// bit by bit. `compute` gets the number of the attempt, 0 or 1, and a result of zeros to fill.
bool same_on_two_threads(ThreadPool& pool, int64_t count,
                         const std::function<void(int attempt, float* result)>& compute);

/// Every distinct matrix product of the program on fixed inputs. Takes a few milliseconds.
bool products_repeat(const Program& program, ThreadPool& pool);

}  // namespace isthmus
