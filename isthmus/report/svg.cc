// SPDX-License-Identifier: Apache-2.0
// Words of SVG; what they draw is decided in charts.cc and look_charts.cc.
#include "isthmus/report/svg.h"

#include "isthmus/base/text.h"

namespace isthmus {

std::string tenths(double v) {
  std::string text = format_fixed(v, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string svg_attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + tenths(value) + "\"";
}

std::string svg_text(double x, double y, const char* style, const std::string& text) {
  return "<text" + svg_attribute("x", x) + svg_attribute("y", y) + " class=\"" + style + "\">" +
         escape_html(text) + "</text>";
}

std::string open_svg(double width, double height, const std::string& style,
                     const std::string& label) {
  return "<svg class=\"" + style + "\" viewBox=\"0 0 " + tenths(width) + " " + tenths(height) +
         "\" role=\"img\" aria-label=\"" + escape_html(label) + "\">";
}

}  // namespace isthmus
