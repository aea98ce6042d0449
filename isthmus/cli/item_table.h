// SPDX-License-Identifier: Apache-2.0
// Items as rows of a table: names and kinds of the columns, with the constant ones that a model
// does not see back in their places.
#pragma once

#include <string>
#include <vector>

#include "isthmus/tensor/data_spec.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

struct ItemTable {
  std::vector<std::string> names = {};
  std::vector<bool> integer = {};  // empty: none
  bool named = true;               // false: the names are only numbers
};

/// The columns that the items of these data have when they are written.
ItemTable item_table(const DataSpec& spec);

/// Stored rows (N, columns of the model) with the constant columns in their places; other items as
/// they are. float64 when float32 would change a constant.
Tensor with_constants(Tensor rows, const DataSpec& spec);

}  // namespace isthmus
