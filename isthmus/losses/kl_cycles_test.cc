// SPDX-License-Identifier: Apache-2.0
// The course of the weight of kl over several warm-ups.
#include <gtest/gtest.h>

#include "isthmus/losses/elbo.h"

namespace isthmus {
namespace {

constexpr int64_t kSteps = 10;  // of an epoch

TEST(KlWarmup, OneCycleIsAPlainWarmup) {
  for (int64_t step = 1; step < 60; ++step) {
    EXPECT_EQ(kl_weight_at(2, step, kSteps, 1), kl_weight_at(2, step, kSteps));
  }
}

TEST(KlWarmup, CyclesRiseOverHalfACycleAndEndAtOne) {
  const auto weight = [](int64_t step) { return kl_weight_at(2, step, kSteps, 3); };
  for (int64_t first : {0, 40, 80}) {  // a cycle is 2 + 2 epochs
    EXPECT_EQ(weight(first + 10), 0.5);
    EXPECT_EQ(weight(first + 20), 1);
    EXPECT_EQ(weight(first + 39), 1);
  }
  EXPECT_NEAR(weight(41), 0.05, 1e-12);
  for (int64_t step : {100, 120, 121, 1000}) EXPECT_EQ(weight(step), 1) << step;
  EXPECT_EQ(kl_warmup_end(2, 3), 10);
  EXPECT_EQ(kl_warmup_end(2, 1), 2);
}

}  // namespace
}  // namespace isthmus
