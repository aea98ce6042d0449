// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/fingerprint.h"

#include <gtest/gtest.h>

#include <set>

#include "isthmus/cpu/cpu_device.h"
#include "isthmus/cpu/kernels/batch.h"
#include "isthmus/cpu/processor.h"

namespace isthmus {
namespace {

std::string kernels_of(Precision precision) {
  const auto device = make_cpu_device(1);
  const auto executor =
      device->compile(fingerprint_step(), {.max_rows = 70, .precision = precision});
  std::set<std::string> kernels;
  for (const OperationKernel& k : executor->kernels()) kernels.insert(k.kernel);
  std::string text;
  for (const std::string& kernel : kernels) text += kernel + "\n";
  return text + executor->plan_text();
}

TEST(Fingerprint, IsMadeOfEveryKindOfKernel) {
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    const std::string text = kernels_of(precision);
    for (const char* kernel :
         {"batch kernel\n", "chunk\n", "fused into adam\n", "fused into bernoulli_with_gradient\n",
          "fused into bias_relu\n", "product\n", "product over the batch\n",
          "product over the batch, in parts\n", "reduction\n", "sum over the batch\n", "windows\n",
          "move\n", "  noise z\n", "  noise u\n", "softmax", "logsumexp", "kernel_sum_gradient",
          "sort_rows_gradient"}) {
      EXPECT_NE(std::string::npos, text.find(kernel)) << kernel << text;
    }
    EXPECT_EQ(std::string::npos, text.find("interpreter")) << text;
  }
}

TEST(Fingerprint, IsTheSameWhenAskedAgain) {
  EXPECT_EQ(arithmetic_fingerprint(), arithmetic_fingerprint());
  EXPECT_TRUE(arithmetic_fingerprint().starts_with("xxh3-128:")) << arithmetic_fingerprint();
}

}  // namespace
}  // namespace isthmus
