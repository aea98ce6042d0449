// SPDX-License-Identifier: Apache-2.0
// Charts as inline SVG: numbers in, markup out. Colours are classes of the page's style, so that a
// chart follows light and dark.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isthmus/model_file/terms.h"

namespace isthmus {

struct Series {
  std::string label;  // "training"
  std::string style;  // CSS class of the line
  std::vector<std::pair<double, double>> points;
};

struct LineChart {
  std::string title;
  std::vector<Series> series;
  double level = kUnknown;  // a horizontal line, if known
  std::string level_label;
  double mark = kUnknown;  // an x to mark, if known
};
/// Values that are not finite are left out; "" when nothing is left.
std::string line_chart(const LineChart& chart);

/// Bars in the given order with their names; at most 64 are drawn.
std::string bar_chart(const std::vector<std::pair<std::string, double>>& bars,
                      const std::string& unit);

struct Part {
  std::string label;
  std::string style;
  double value = 0;
};
/// One bar cut into parts, their values below.
std::string parts_bar(const std::vector<Part>& parts);

/// Steps of 1, 2 or 5 times a power of ten, at most `most` of them between low and high.
std::vector<double> nice_ticks(double low, double high, int most);
/// The fewest digits that tell the ticks apart.
std::string tick_text(double value, double step);

}  // namespace isthmus
