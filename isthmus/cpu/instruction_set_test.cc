// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/instruction_set.h"

#include <gtest/gtest.h>

#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/processor.h"

namespace isthmus {
namespace {

TEST(Bf16Ways, AreChosenByWhatWasMeasuredAndNotByAFeatureBit) {
  using enum InstructionSet;
  EXPECT_EQ(Bf16Way::kTiles, fastest_bf16_way("GenuineIntel", kAmx));
  EXPECT_EQ(Bf16Way::kWidened, fastest_bf16_way("GenuineIntel", kAvx512Bf16));
  EXPECT_EQ(Bf16Way::kPairs, fastest_bf16_way("AuthenticAMD", kAvx512Bf16));
  for (const InstructionSet usable : {kPlain, kAvx2, kAvx512}) {
    EXPECT_EQ(Bf16Way::kWidened, fastest_bf16_way("GenuineIntel", usable));
    EXPECT_EQ(Bf16Way::kWidened, fastest_bf16_way("AuthenticAMD", usable));
  }
  EXPECT_EQ(Bf16Way::kWidened, fastest_bf16_way("a maker nobody has measured", kAmx));
}

TEST(Bf16Ways, OfTheTableAreNamedWithTheMachineAndWidenedProductsRunAnywhere) {
  bool anywhere = false;
  for (const MeasuredRate& rate : measured_rates()) {
    EXPECT_FALSE(rate.machine.empty());
    EXPECT_GT(rate.of_fp32, 0);
    anywhere |= rate.maker.empty() && rate.way == Bf16Way::kWidened;
  }
  EXPECT_TRUE(anywhere);
}

/// ISTHMUS_INSTRUCTIONS holds for our kernels, too: tests/instruction_sets runs this with it.
TEST(InstructionSets, OfKernelsAreThoseThatMayBeUsed) {
  restrict_kernels();
  const InstructionSet usable = usable_instructions();
  const std::string_view expected = usable >= InstructionSet::kAvx512 ? "AVX-512"
                                    : usable == InstructionSet::kAvx2 ? "AVX2"
                                                                      : "plain";
  EXPECT_EQ(expected, instruction_set_name());
  EXPECT_EQ(usable >= InstructionSet::kAvx512Bf16, multiplies_bf16_pairs());
  EXPECT_TRUE(bf16_way() != Bf16Way::kPairs || multiplies_bf16_pairs());
  EXPECT_FALSE(processor_maker().empty());
}

}  // namespace
}  // namespace isthmus
