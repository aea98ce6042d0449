// SPDX-License-Identifier: Apache-2.0
// Puts the columns of written rows together. Which values they hold is decided by stored_values().
#include "isthmus/cli/item_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "isthmus/base/as_written.h"
#include "isthmus/data/formats.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

bool float_holds(const ConstantColumn& column) {
  const auto narrow = static_cast<double>(static_cast<float>(column.value));
  return narrow == column.value || as_written(narrow) == column.value;
}

bool is_whole(double value) { return std::floor(value) == value; }

/// A float32 among float64 keeps the digits that it has.
template <class To, class From>
To converted(From value) {
  if constexpr (sizeof(To) > sizeof(From)) return as_written(double{value});
  return static_cast<To>(value);
}

template <class To, class From>
Tensor filled(std::span<const From> rows, int64_t count, size_t width,
              const std::vector<ConstantColumn>& constants) {
  const size_t all = width + constants.size();
  Tensor out(dtype_of<To>(), {count, static_cast<int64_t>(all)});
  const std::span<To> to = out.values<To>();
  for (size_t r = 0; r < static_cast<size_t>(count); ++r) {
    size_t next = 0, from = r * width;
    for (size_t c = 0; c < all; ++c) {
      const bool constant =
          next < constants.size() && constants[next].index == static_cast<int64_t>(c);
      to[r * all + c] = constant ? static_cast<To>(as_written(constants[next++].value))
                                 : converted<To>(rows[from++]);
    }
  }
  return out;
}

}  // namespace

ItemTable item_table(const DataSpec& spec) {
  ItemTable table;
  if (spec.kind != DataKind::kTable) {
    table.names = numbered_names(spec.num_values());
    table.named = false;
    return table;
  }
  for (const FieldSpec& field : spec.fields) {
    table.names.push_back(field.name);
    table.integer.push_back(field.integer);
  }
  // Ascending by index: each one finds those before it in place.
  for (const ConstantColumn& column : spec.constants) {
    table.names.insert(table.names.begin() + column.index, column.name);
    table.integer.insert(table.integer.begin() + column.index, is_whole(column.value));
  }
  return table;
}

Tensor with_constants(Tensor rows, const DataSpec& spec) {
  if (spec.kind != DataKind::kTable || spec.constants.empty()) return rows;
  const size_t width = spec.fields.size();
  const int64_t count = rows.shape()[0];
  if (rows.dtype() == Dtype::kF64) {
    return filled<double>(std::as_const(rows).values<double>(), count, width, spec.constants);
  }
  const std::span<const float> values = std::as_const(rows).values<float>();
  const bool narrow = std::all_of(spec.constants.begin(), spec.constants.end(), float_holds);
  if (narrow) return filled<float>(values, count, width, spec.constants);
  return filled<double>(values, count, width, spec.constants);
}

}  // namespace isthmus
