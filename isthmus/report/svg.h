// SPDX-License-Identifier: Apache-2.0
// Words of SVG that all charts use. Coordinates are rounded to tenths: same numbers, same bytes.
#pragma once

#include <string>

namespace isthmus {

/// "12.3", "12"
std::string tenths(double v);
/// " x=\"12.3\""
std::string svg_attribute(const char* name, double value);
std::string svg_text(double x, double y, const char* style, const std::string& text);
/// Opens the element; `label` is what a screen reader says.
std::string open_svg(double width, double height, const std::string& style,
                     const std::string& label);

}  // namespace isthmus
