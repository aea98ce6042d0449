// SPDX-License-Identifier: Apache-2.0
// What separates the fields of a text table, told from its beginning.
#pragma once

#include <string>
#include <string_view>

namespace isthmus {

/// As a delimiter: any run of blanks and tabs, as numpy.savetxt and R's write.table use.
inline constexpr char kBlankRuns = ' ';

inline bool is_blank_byte(int c) { return c == ' ' || c == '\t'; }

/// The delimiter of a text: the first of tab, semicolon, bar and comma that occurs equally often in
/// the first ten records, then runs of blanks that do; else the most frequent one of the first
/// record; else blanks if they separate numbers; else a comma. Lines that begin with # do not
/// count. A first record with one field less than the others may be a header over row names.
char sniff_delimiter(std::string_view head);

/// "tab", "blanks", ",": for messages.
std::string delimiter_name(char delimiter);

/// E3003 for text that is no table: two or four bytes per character, with a byte order mark or
/// without; JSON.
void refuse_other_text(std::string_view head);

}  // namespace isthmus
