// SPDX-License-Identifier: Apache-2.0
// The pictures of a first look at a table as inline SVG: numbers in, markup out. NaN stands for a
// value that does not exist.
#pragma once

#include <string>
#include <vector>

namespace isthmus {

/// Real counts as bars, sampled ones as an outline, each as a share of its own sum; bin i starts at
/// low + i * width.
struct MarginalChart {
  std::string name;
  double low = 0, width = 1;
  bool whole = false;  // bins hold whole numbers
  std::vector<double> real, sampled;
};
std::string marginal_chart(const MarginalChart& chart);

/// A square of colours, -1 to 1, from the top left; names beside the rows of up to 16 columns.
std::string correlation_map(const std::vector<std::string>& names,
                            const std::vector<std::vector<double>>& rows, const std::string& title);

/// Points of groups; group g has the colour of class q<g>.
struct ScatterChart {
  std::string title, x_label, y_label;  // no y label: the height has no meaning, no ticks
  std::vector<double> x, y;
  std::vector<int> group;  // per point
  int groups = 1;
};
std::string scatter_chart(const ScatterChart& chart);

}  // namespace isthmus
