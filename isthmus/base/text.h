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
/// A word as a shell reads it back: quoted where it has to be. Bytes that must not reach a terminal
/// stand as escapes ($'\x1b', bash and zsh).
std::string quote_for_shell(std::string_view word);
/// The same for a path behind a command, where a leading - would make an option of it.
std::string quote_path_for_shell(std::string_view path);
/// Lines over `width` are broken at blanks and go on `indent` further in than they began. A command
/// behind a colon (": isthmus ...") stays in one piece.
std::string wrap_text(std::string_view text, size_t width, size_t indent);
/// Display width of a UTF-8 text is taken as its number of code points.
size_t display_width(std::string_view text);
std::string pad_right(std::string_view text, size_t width);

}  // namespace isthmus
