// SPDX-License-Identifier: Apache-2.0
// How numbers, times and tables are shown to people, everywhere alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

std::string group_digits(int64_t value);     // 1,234,567
std::string format_seconds(double seconds);  // 0:00:12 (h:mm:ss)
std::string format_bytes(uint64_t bytes);    // 180 MiB, 0.8 MB style is not used: binary units
std::string format_fixed(double value, int digits);  // locale-free, "-" for non-finite
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);
std::string escape_html(std::string_view text);
/// Display width of a UTF-8 text is taken as its number of code points.
std::string pad_right(std::string_view text, size_t width);

}  // namespace isthmus
