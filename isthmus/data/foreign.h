// SPDX-License-Identifier: Apache-2.0
// Files that are something else than was hoped for, told by their first bytes, and the way on.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace isthmus {

/// Errors for the beginning of a file that cannot be read as data: E3003 for well-known formats
/// with what can be done instead, E4501 and E4502 for pickles and PyTorch archives, which are never
/// opened.
void refuse_foreign(std::span<const std::byte> head);

/// "an NPY array", "a PNG image", "a table or other text", ... of the first stored bytes of a file
/// that can be read as data; "" for anything else.
std::string data_name(std::span<const std::byte> start);

}  // namespace isthmus
