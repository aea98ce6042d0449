// SPDX-License-Identifier: Apache-2.0
// For tests: runs a test once per instruction set of this machine, and makes repeatable data.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "hwy/targets.h"
#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {

/// The kernels of one instruction set for one test; see the macro below.
class EveryTarget : public ::testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    const bool plain = (GetParam() & (HWY_SCALAR | HWY_EMU128)) != 0;
    // Not when tests are listed: that is before the library knows the processor.
    restrict_kernels();
    if (!plain && (hwy::SupportedTargets() & GetParam()) == 0) {
      GTEST_SKIP() << "ISTHMUS_INSTRUCTIONS forbids this instruction set";
    }
    choose(GetParam());
  }
  void TearDown() override { choose(0); }

  static void choose(int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().DeInit();
  }
};

inline std::vector<int64_t> targets_of_this_machine() {
  std::vector<int64_t> targets = {HWY_SCALAR | HWY_EMU128};
  for (int64_t target : {int64_t{HWY_AVX2}, int64_t{HWY_AVX3}, int64_t{HWY_NEON}}) {
    if ((hwy::SupportedTargets() & target) != 0) targets.push_back(target);
  }
  return targets;
}

inline std::string target_label(const ::testing::TestParamInfo<int64_t>& info) {
  return info.param == HWY_AVX3   ? "avx512"
         : info.param == HWY_AVX2 ? "avx2"
         : info.param == HWY_NEON ? "neon"
                                  : "plain";
}

/// Names the tests of a file: TEST_P(suite, ...) runs once per instruction set.
#define ISTHMUS_ON_EVERY_TARGET(suite) \
  class suite : public EveryTarget {}; \
  INSTANTIATE_TEST_SUITE_P(, suite, ::testing::ValuesIn(targets_of_this_machine()), target_label)

/// Repeatable values: uniform in [low, high).
inline std::vector<float> random_values(int64_t count, float low, float high, uint64_t item = 0) {
  std::vector<float> values(static_cast<size_t>(count));
  fill_uniform(RngKey{1234, 5678}, item, 0, 0, values.data(), count);
  for (float& v : values) v = low + (high - low) * v;
  return values;
}

inline std::vector<float> random_normals(int64_t count, uint64_t item = 0) {
  std::vector<float> values(static_cast<size_t>(count));
  fill_normal(RngKey{99, 7}, item, 0, 0, values.data(), count);
  return values;
}

}  // namespace isthmus
