// SPDX-License-Identifier: Apache-2.0
// Several parsed parts as one: concatenation of items, tables matched by column name.
#pragma once

#include <string>
#include <vector>

#include "isthmus/data/formats.h"

namespace isthmus {

struct NamedPart {
  std::string name;  // for error messages: the path
  ParsedData data;
};
/// E3006 if shapes, types or columns differ. Labels of classes are matched by name; they are lost,
/// with a note, when some parts have none. The parts are released as they are copied.
ParsedData join_parts(std::vector<NamedPart> parts);

/// Columns `order` of a (N, D) tensor, copied.
Tensor take_columns(const Tensor& values, const std::vector<size_t>& order);
/// Where each of `wanted` is in `names`; SIZE_MAX if it is not.
std::vector<size_t> match_columns(const std::vector<std::string>& wanted,
                                  const std::vector<std::string>& names);

}  // namespace isthmus
