// SPDX-License-Identifier: Apache-2.0
// What a model is told beside an item: its class, or some columns of its row. A condition is chosen
// when a model is trained and stored with it; data for that model have to bring it along.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "isthmus/data/dataset.h"

namespace isthmus {

/// "label" or columns by name or by their number in the file, separated by commas, from the items
/// `rows` of `data`: the classes in order of name, or columns with mean 0 and deviation 1. Error
/// E2005 for data without labels, E2002 for a column that is not there, E3404 for a column that
/// holds one value.
ConditionSpec make_condition(const Dataset& data, const std::string& text,
                             std::span<const int64_t> rows);

/// The condition of each item, (N, width): one-hot for classes. Error E3501 for data without labels
/// or columns, or with classes that training did not have, naming them.
Tensor condition_of(const Dataset& data, const ConditionSpec& spec);

/// One row, (width), from "3", "Trouser" (a class by number or name), or "age=40", "age=40,sex=1"
/// (all columns). Error E2003 naming what is allowed.
std::vector<float> condition_row(const ConditionSpec& spec, const std::vector<std::string>& given);

/// The conditions of `count` new items, (count, width), when none is given: the classes in turn, or
/// the means of the columns.
Tensor usual_conditions(const ConditionSpec& spec, int64_t count);

}  // namespace isthmus
