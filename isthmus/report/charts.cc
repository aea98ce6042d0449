// SPDX-License-Identifier: Apache-2.0
// SVG charts. Coordinates are rounded to tenths: same numbers, same bytes.
#include "isthmus/report/charts.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/report/svg.h"

namespace isthmus {
namespace {

constexpr double kWidth = 360, kHeight = 220;
constexpr double kLeft = 44, kRight = 12, kTop = 12, kBottom = 26;
constexpr int kMaxBars = 64;

struct Frame {
  double x_low, x_high, y_low, y_high;
  double x(double v) const {
    const double span = x_high > x_low ? x_high - x_low : 1;
    return kLeft + (v - x_low) / span * (kWidth - kLeft - kRight);
  }
  double y(double v) const {
    return kHeight - kBottom - (v - y_low) / (y_high - y_low) * (kHeight - kTop - kBottom);
  }
};

std::vector<std::pair<double, double>> finite_points(const Series& series) {
  std::vector<std::pair<double, double>> points;
  for (const auto& [x, y] : series.points) {
    if (std::isfinite(x) && std::isfinite(y)) points.emplace_back(x, y);
  }
  return points;
}

/// A first epoch far above all others would flatten them: it may leave the frame.
bool is_far_start(const std::vector<std::pair<double, double>>& points) {
  if (points.size() < 8) return false;
  double low = points[1].second, high = points[1].second;
  for (size_t i = 1; i < points.size(); ++i) {
    low = std::min(low, points[i].second);
    high = std::max(high, points[i].second);
  }
  return points[0].second - high > 1.5 * (high - low);
}

Frame frame_of(const LineChart& chart) {
  Frame f{INFINITY, -INFINITY, INFINITY, -INFINITY};
  for (const Series& series : chart.series) {
    const auto points = finite_points(series);
    for (size_t i = 0; i < points.size(); ++i) {
      f.x_low = std::min(f.x_low, points[i].first);
      f.x_high = std::max(f.x_high, points[i].first);
      if (i == 0 && is_far_start(points)) continue;
      f.y_low = std::min(f.y_low, points[i].second);
      f.y_high = std::max(f.y_high, points[i].second);
    }
  }
  if (std::isfinite(chart.level)) {
    f.y_low = std::min(f.y_low, chart.level);
    f.y_high = std::max(f.y_high, chart.level);
  }
  const double pad = std::max(0.06 * (f.y_high - f.y_low), 1e-6 * std::fabs(f.y_high) + 1e-9);
  f.y_low -= pad;
  f.y_high += pad;
  return f;
}

std::string axes(const Frame& f) {
  std::string svg;
  const std::vector<double> ys = nice_ticks(f.y_low, f.y_high, 5);
  const double y_step = ys.size() > 1 ? ys[1] - ys[0] : 1;
  for (double v : ys) {
    svg += "<path class=\"grid\" d=\"M" + tenths(kLeft) + " " + tenths(f.y(v)) + "H" +
           tenths(kWidth - kRight) + "\"/>";
    svg += svg_text(kLeft - 6, f.y(v) + 3.5, "end", tick_text(v, y_step));
  }
  const std::vector<double> xs = nice_ticks(f.x_low, f.x_high, 6);
  for (double v : xs) {
    if (v != std::floor(v)) continue;  // epochs are whole
    svg += svg_text(f.x(v), kHeight - 8, "mid", tick_text(v, 1));
  }
  return svg;
}

std::string series_line(const Series& series, const Frame& f) {
  const auto points = finite_points(series);
  if (points.size() == 1) {
    return "<circle class=\"dot " + series.style + "\"" +
           svg_attribute("cx", f.x(points[0].first)) + svg_attribute("cy", f.y(points[0].second)) +
           " r=\"3\"/>";
  }
  std::string path;
  for (const auto& [x, y] : points) {
    path += (path.empty() ? "M" : "L") + tenths(f.x(x)) + " " + tenths(f.y(y));
  }
  return path.empty() ? "" : "<path class=\"line " + series.style + "\" d=\"" + path + "\"/>";
}

std::string extras(const LineChart& chart, const Frame& f) {
  std::string svg;
  if (std::isfinite(chart.level)) {
    svg += "<path class=\"level\" d=\"M" + tenths(kLeft) + " " + tenths(f.y(chart.level)) + "H" +
           tenths(kWidth - kRight) + "\"/>";
    svg += svg_text(kWidth - kRight - 2, f.y(chart.level) - 5, "end", chart.level_label);
  }
  if (std::isfinite(chart.mark)) {
    svg += "<path class=\"mark\" d=\"M" + tenths(f.x(chart.mark)) + " " + tenths(kTop) + "V" +
           tenths(kHeight - kBottom) + "\"/>";
  }
  return svg;
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int most) {
  const double span = high - low;
  // Closer than doubles tell apart, or further than they reach: from a damaged record.
  constexpr double kTold = 1e-12;
  if (!(span > kTold * std::max(std::fabs(low), std::fabs(high))) || std::isinf(span)) return {low};
  const double rough = span / most;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  for (double k = std::ceil(low / step); k * step <= high + 1e-9 * step; ++k) {
    ticks.push_back(k * step);
  }
  return ticks;
}

std::string tick_text(double value, double step) {
  int digits = 0;
  for (double s = step; s < 0.999 && digits < 9; s *= 10) ++digits;
  if (digits > 0) return format_fixed(value, digits);
  return std::fabs(value) < 1e15 ? group_digits(static_cast<int64_t>(std::llround(value)))
                                 : format_fixed(value, 0);
}

std::string line_chart(const LineChart& chart) {
  const Frame f = frame_of(chart);
  if (!std::isfinite(f.x_low) || !std::isfinite(f.y_low)) return "";
  std::string svg = open_svg(kWidth, kHeight, "lines", chart.title + " over epochs");
  svg += axes(f) + extras(chart, f);
  // Nested: what leaves the frame is cut.
  svg += "<svg x=\"0\" y=\"" + tenths(kTop - 4) + "\" width=\"" + tenths(kWidth) + "\" height=\"" +
         tenths(kHeight - kTop - kBottom + 8) + "\" viewBox=\"0 " + tenths(kTop - 4) + " " +
         tenths(kWidth) + " " + tenths(kHeight - kTop - kBottom + 8) + "\">";
  for (const Series& series : chart.series) svg += series_line(series, f);
  return svg + "</svg></svg>";
}

std::string bar_chart(const std::vector<std::pair<std::string, double>>& bars,
                      const std::string& unit) {
  double high = 0;
  for (const auto& [name, value] : bars) {
    if (std::isfinite(value)) high = std::max(high, value);
  }
  if (high <= 0) return "";
  constexpr double kBarWidth = 600, kBarHeight = 190, kBase = 166, kStart = 40;
  const auto count = std::min<size_t>(bars.size(), kMaxBars);
  const double pitch = std::min(48.0, (kBarWidth - kStart - 8) / static_cast<double>(count));
  const auto y = [&](double v) { return kBase - v / (1.05 * high) * (kBase - 10); };
  std::string svg = open_svg(kBarWidth, kBarHeight, "bars", "bars, " + unit);
  const std::vector<double> ticks = nice_ticks(0, 1.05 * high, 4);
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  for (double v : ticks) {
    svg += "<path class=\"grid\" d=\"M" + tenths(kStart) + " " + tenths(y(v)) + "H" +
           tenths(kBarWidth - 8) + "\"/>" +
           svg_text(kStart - 6, y(v) + 4, "end", tick_text(v, step));
  }
  const size_t label_every = (count + 23) / 24;
  for (size_t i = 0; i < count; ++i) {
    const double value = std::isfinite(bars[i].second) ? std::max(0.0, bars[i].second) : 0.0;
    const double x = kStart + pitch * static_cast<double>(i);
    const double top = std::min(y(value), kBase - 0.7);
    svg += "<rect class=\"bar\"" + svg_attribute("x", x + 0.14 * pitch) + svg_attribute("y", top) +
           svg_attribute("width", 0.72 * pitch) + svg_attribute("height", kBase - top) +
           "><title>" + escape_html(bars[i].first) + ": " + format_fixed(value, 3) + " " +
           escape_html(unit) + "</title></rect>";
    if (i % label_every == 0) {
      svg += svg_text(x + 0.5 * pitch, kBase + 16, "mid", bars[i].first);
    }
  }
  return svg + "</svg>";
}

std::string parts_bar(const std::vector<Part>& parts) {
  double total = 0;
  for (const Part& part : parts) total += part.value;
  if (!(total > 0)) return "";
  std::string bar = "<div class=\"parts\">";
  std::string legend = "<ul class=\"legend\">";
  for (const Part& part : parts) {
    bar += "<span class=\"" + part.style +
           "\" style=\"width:" + format_fixed(100 * part.value / total, 2) + "%\"></span>";
    legend += "<li><i class=\"" + part.style + "\"></i>" + escape_html(part.label) + " <b>" +
              format_fixed(part.value, 1) + "</b></li>";
  }
  return bar + "</div>" + legend + "</ul>";
}

}  // namespace isthmus
