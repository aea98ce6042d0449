// SPDX-License-Identifier: Apache-2.0
// Values of data lie in memory as float32 and are shown as doubles; the digits that float32 does
// not have are noise to a reader.
#include "isthmus/base/as_written.h"

#include <charconv>
#include <cmath>

namespace isthmus {

double as_written(double value) {
  const auto narrow = static_cast<float>(value);
  if (!std::isfinite(value) || static_cast<double>(narrow) != value) return value;
  char text[64];
  const auto written = std::to_chars(text, text + sizeof text, narrow);
  double wide = value;
  std::from_chars(text, written.ptr, wide);
  return wide;
}

}  // namespace isthmus
