// SPDX-License-Identifier: Apache-2.0
// Tables of malformed files, each with the number that it must be refused with.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/limits.h"
#include "isthmus/data/testing.h"

namespace isthmus::testing {

struct Malformed {
  std::string name;
  std::string bytes;
  int number;
};

/// `parse` takes the bytes of one file. Fails for every case that is not refused as intended.
template <class Parse>
void expect_refusals(std::string_view format, const std::vector<Malformed>& cases, size_t at_least,
                     Parse parse) {
  size_t right = 0;
  for (const Malformed& bad : cases) {
    const Bytes bytes = to_bytes(bad.bytes);
    const int number = number_of([&] { parse(bytes); });
    EXPECT_EQ(number, bad.number) << format << ": " << bad.name;
    right += number == bad.number ? 1 : 0;
  }
  EXPECT_GE(cases.size(), at_least);
  std::printf("%s: %zu of %zu files refused with the intended error\n", std::string(format).c_str(),
              right, cases.size());
}

}  // namespace isthmus::testing
