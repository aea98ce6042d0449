// SPDX-License-Identifier: Apache-2.0
// Reads the golden values of tests/golden/ and compares with them. Not part of the product.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {

inline Json read_golden(const std::string& name) {
  std::ifstream file(ISTHMUS_SOURCE_DIR "/tests/golden/" + name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return std::get<Json>(parse_json(text, {}));
}

inline std::vector<double> numbers(const Json& json) {
  std::vector<double> values;
  for (const Json& v : json.as_array()) values.push_back(v.as_double());
  return values;
}

/// Compares with golden values: `relative` is an entry of tolerance.h.
struct Golden {
  double relative;
  void expect(const std::vector<double>& values, const std::vector<double>& expected,
              const std::string& what) const {
    ASSERT_EQ(values.size(), expected.size()) << what;
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_TRUE(tolerance::within(values[i], expected[i], relative))
          << what << "[" << i << "] is " << values[i] << ", PyTorch says " << expected[i];
    }
  }
};

}  // namespace isthmus
