// SPDX-License-Identifier: Apache-2.0
// Histograms, correlation maps and the scatter of latents. Cells and points of one colour are one
// path: a map of 64 columns is 4,096 cells.
#include "isthmus/report/look_charts.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "isthmus/base/text.h"
#include "isthmus/report/charts.h"
#include "isthmus/report/sections.h"
#include "isthmus/report/svg.h"

namespace isthmus {
namespace {

constexpr size_t kNamedColumns = 16, kNameLetters = 11, kLabelledBars = 7;

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += std::isfinite(v) ? v : 0;
  return sum;
}

/// Shares of the sum; empty when there is nothing.
std::vector<double> shares(const std::vector<double>& counts) {
  const double sum = sum_of(counts);
  if (!(sum > 0)) return {};
  std::vector<double> out;
  for (double v : counts) out.push_back(std::isfinite(v) ? v / sum : 0);
  return out;
}

double largest(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

/// For people: three digits that matter.
std::string short_number(double v) {
  if (!std::isfinite(v)) return "-";
  if (v == 0) return "0";
  const double size = std::fabs(v);
  if (size >= 1e15 || size < 1e-4) {
    const int power = static_cast<int>(std::floor(std::log10(size)));
    return shown_number(v / std::pow(10.0, power), 1) + "e" + std::to_string(power);
  }
  const int digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  std::string text = digits == 0 ? group_digits(std::llround(size)) : format_fixed(size, digits);
  if (digits > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return v < 0 ? "\u2212" + text : text;
}

/// The first letters, whole code points.
std::string short_name(const std::string& name) {
  size_t letters = 0, at = 0;
  while (at < name.size() && letters < kNameLetters) {
    do ++at;
    while (at < name.size() && (static_cast<unsigned char>(name[at]) & 0xC0u) == 0x80u);
    ++letters;
  }
  return at == name.size() ? name : name.substr(0, at) + "\u2026";
}

constexpr double kBarsWidth = 160, kBarsBase = 66, kBarsHeight = 82;

/// The number of each bin where few whole numbers occur, else those at both ends.
std::string bar_labels(const MarginalChart& chart) {
  constexpr double kLine = kBarsHeight - 4;
  const auto count = static_cast<double>(chart.real.size());
  if (chart.whole && chart.width == 1 && chart.real.size() <= kLabelledBars) {
    std::string labels;
    for (double i = 0; i < count; ++i) {
      labels +=
          svg_text(kBarsWidth / count * (i + 0.5), kLine, "mid", short_number(chart.low + 0.5 + i));
    }
    return labels;
  }
  if (count == 1) {
    return svg_text(kBarsWidth / 2, kLine, "mid", short_number(chart.low + 0.5 * chart.width));
  }
  const double inset = chart.whole ? 0.5 : 0;  // the outermost whole numbers
  return svg_text(0, kLine, "start", short_number(chart.low + inset)) +
         svg_text(kBarsWidth, kLine, "end", short_number(chart.low + chart.width * count - inset));
}

/// Paths of the cells that are not blank, one for each colour: -8 .. 8, or 9 for no correlation.
std::string cells_of(const std::vector<std::vector<double>>& rows) {
  constexpr int kLevels = 8;
  const size_t k = rows.size();
  std::map<int, std::string> paths;
  for (size_t i = 0; i < k; ++i) {
    const auto colour = [&](size_t j) {
      const double v = j < rows[i].size() ? rows[i][j] : NAN;
      return std::isfinite(v) ? static_cast<int>(std::lround(std::clamp(v, -1.0, 1.0) * kLevels))
                              : kLevels + 1;
    };
    for (size_t j = 0; j < k;) {
      const size_t start = j;
      while (j < k && colour(j) == colour(start)) ++j;
      if (colour(start) == 0) continue;
      paths[colour(start)] += "M" + std::to_string(start) + " " + std::to_string(i) + "h" +
                              std::to_string(j - start) + "v1H" + std::to_string(start) + "z";
    }
  }
  std::string cells;
  for (const auto& [colour, path] : paths) {
    const bool missing = colour > kLevels;
    cells += "<path class=\"" +
             std::string(missing      ? "gone"
                         : colour > 0 ? "plus"
                                      : "minus") +
             "\"";
    if (!missing) {
      cells += " fill-opacity=\"" + format_fixed(std::abs(colour) / double{kLevels}, 3) + "\"";
    }
    cells += " d=\"" + path + "\"/>";
  }
  return cells;
}

constexpr double kPlaneWidth = 600, kPlaneHeight = 384;
constexpr double kLeft = 52, kRight = 12, kTop = 22, kBottom = 44;

/// Where the points of a scatter lie; low_x > high_x when there is none.
struct Plane {
  double low_x = INFINITY, high_x = -INFINITY, low_y = INFINITY, high_y = -INFINITY;
  double x(double v) const {
    return kLeft + (v - low_x) / (high_x - low_x) * (kPlaneWidth - kLeft - kRight);
  }
  double y(double v) const {
    return kPlaneHeight - kBottom -
           (v - low_y) / (high_y - low_y) * (kPlaneHeight - kTop - kBottom);
  }
};

size_t points_of(const ScatterChart& chart) {
  return std::min({chart.x.size(), chart.y.size(), chart.group.size()});
}
bool is_point(const ScatterChart& chart, size_t i) {
  return std::isfinite(chart.x[i]) && std::isfinite(chart.y[i]);
}

void widen(double& low, double& high) {
  const double margin = std::max({0.04 * (high - low), 1e-6 * std::fabs(high), 1e-3});
  low -= margin;
  high += margin;
}

Plane plane_of(const ScatterChart& chart) {
  Plane p;
  for (size_t i = 0; i < points_of(chart); ++i) {
    if (!is_point(chart, i)) continue;
    p.low_x = std::min(p.low_x, chart.x[i]);
    p.high_x = std::max(p.high_x, chart.x[i]);
    p.low_y = std::min(p.low_y, chart.y[i]);
    p.high_y = std::max(p.high_y, chart.y[i]);
  }
  if (!(p.low_x <= p.high_x)) return p;
  widen(p.low_x, p.high_x);
  widen(p.low_y, p.high_y);
  return p;
}

std::string plane_axes(const ScatterChart& chart, const Plane& plane) {
  const double right = kPlaneWidth - kRight, base = kPlaneHeight - kBottom;
  const std::vector<double> xs = nice_ticks(plane.low_x, plane.high_x, 6);
  const std::vector<double> ys = nice_ticks(plane.low_y, plane.high_y, 5);
  const auto step = [](const std::vector<double>& t) { return t.size() > 1 ? t[1] - t[0] : 1.0; };
  std::string svg;
  for (double v : xs) {
    svg += "<path class=\"grid\" d=\"M" + tenths(plane.x(v)) + " " + tenths(kTop) + "V" +
           tenths(base) + "\"/>" + svg_text(plane.x(v), base + 18, "mid", tick_text(v, step(xs)));
  }
  svg += svg_text((kLeft + right) / 2, kPlaneHeight - 4, "mid", chart.x_label);
  if (chart.y_label.empty()) return svg;
  for (double v : ys) {
    svg += "<path class=\"grid\" d=\"M" + tenths(kLeft) + " " + tenths(plane.y(v)) + "H" +
           tenths(right) + "\"/>" +
           svg_text(kLeft - 6, plane.y(v) + 4, "end", tick_text(v, step(ys)));
  }
  return svg + svg_text(2, 14, "start", chart.y_label);
}

}  // namespace

std::string marginal_chart(const MarginalChart& chart) {
  const std::vector<double> real = shares(chart.real), sampled = shares(chart.sampled);
  const size_t count = real.size();
  const double high = std::max(largest(real), largest(sampled));
  if (count == 0) return "";
  const double pitch = kBarsWidth / static_cast<double>(count);
  const auto y = [&](double share) { return tenths(kBarsBase - share / high * (kBarsBase - 4)); };
  const std::string base = tenths(kBarsBase);
  std::string bars, outline;
  for (size_t i = 0; i < count; ++i) {
    const double x = pitch * static_cast<double>(i);
    if (real[i] > 0) {
      bars += "M" + tenths(x + 0.04 * pitch) + " " + base + "V" + y(real[i]) + "H" +
              tenths(x + 0.96 * pitch) + "V" + base + "z";
    }
    if (sampled.size() == count) {
      outline += (outline.empty() ? "M0 " : "V") + y(sampled[i]) + "H" + tenths(x + pitch);
    }
  }
  std::string svg = open_svg(kBarsWidth, kBarsHeight, "marginal", "distribution of " + chart.name) +
                    "<path class=\"real\" d=\"" + bars + "\"/><path class=\"grid\" d=\"M0 " + base +
                    "H" + tenths(kBarsWidth) + "\"/>";
  if (!outline.empty()) svg += "<path class=\"line v\" d=\"" + outline + "\"/>";
  return svg + bar_labels(chart) + "</svg>";
}

std::string correlation_map(const std::vector<std::string>& names,
                            const std::vector<std::vector<double>>& rows,
                            const std::string& title) {
  constexpr double kWidth = 360, kNameWidth = 88;
  const size_t k = rows.size();
  if (k == 0) return "";
  const bool named = k <= kNamedColumns && names.size() == k;
  const double left = named ? kNameWidth : 0, side = kWidth - left;
  std::string svg = open_svg(kWidth, side, "map", title);
  const std::string extent = std::to_string(k);
  svg += "<svg" + svg_attribute("x", left) + " y=\"0\"" + svg_attribute("width", side) +
         svg_attribute("height", side) + " viewBox=\"0 0 " + extent + " " + extent +
         "\"><path class=\"none\" d=\"M0 0h" + extent + "v" + extent + "H0z\"/>" + cells_of(rows) +
         "</svg>";
  for (size_t i = 0; named && i < k; ++i) {
    const double middle = side / static_cast<double>(k) * (static_cast<double>(i) + 0.5);
    svg += svg_text(left - 6, middle + 4, "end", short_name(names[i]));
  }
  return svg + "</svg>";
}

std::string scatter_chart(const ScatterChart& chart) {
  const Plane plane = plane_of(chart);
  if (!(plane.low_x <= plane.high_x)) return "";
  std::vector<std::string> paths(static_cast<size_t>(std::max(1, chart.groups)));
  for (size_t i = 0; i < points_of(chart); ++i) {
    if (!is_point(chart, i)) continue;
    const auto group = static_cast<size_t>(std::clamp(chart.group[i], 0, chart.groups - 1));
    paths[group] += "M" + tenths(plane.x(chart.x[i])) + " " + tenths(plane.y(chart.y[i])) + "h0";
  }
  std::string svg =
      open_svg(kPlaneWidth, kPlaneHeight, "scatter", chart.title) + plane_axes(chart, plane);
  for (size_t g = 0; g < paths.size(); ++g) {
    if (paths[g].empty()) continue;
    svg += "<path class=\"point q" + std::to_string(g) + "\" d=\"" + paths[g] + "\"/>";
  }
  return svg + "</svg>";
}

}  // namespace isthmus
