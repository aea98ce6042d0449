// SPDX-License-Identifier: Apache-2.0
// Every operation on this device against its double-precision reference: values, first and second
// gradients, several numbers of threads (same bits), several numbers of rows.
#include <gtest/gtest.h>

#include <algorithm>

#include "isthmus/cpu/cpu_device.h"
#include "isthmus/testing/case_on_device.h"

namespace isthmus {
namespace {

class OpConformance : public testing::TestWithParam<std::string> {};

TEST_P(OpConformance, EqualsTheReferenceForAnyThreadsAndRows) {
  const OpDef& op = find_op(GetParam());
  const auto one = make_cpu_device(1), three = make_cpu_device(3);
  int compared = 0;
  for (size_t k = 0; k < op.cases.size(); ++k) {
    for (const int64_t rows : {int64_t{1}, int64_t{5}, int64_t{70}}) {
      const bool gradient = op.cases[k].check_gradient && op.gradient;
      const GraphCase c = make_graph_case(op, op.cases[k], rows,
                                          gradient ? CaseOutputs::kSecond : CaseOutputs::kValue);
      if (has_noise(c)) continue;
      const std::string what = GetParam() + " case " + std::to_string(k) + ", " +
                               std::to_string(rows) + " rows, output ";
      compared += expect_equals_the_reference(c, *one, *three, what);
    }
  }
  const auto& attributes = op.attributes;
  const bool draws = std::find(attributes.begin(), attributes.end(), "stream") != attributes.end();
  EXPECT_TRUE(compared > 0 || draws);
}

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpDef& op : all_ops()) names.emplace_back(op.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(AllOps, OpConformance, testing::ValuesIn(op_names()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace isthmus
