// SPDX-License-Identifier: Apache-2.0
// The classes of items, by name: data number theirs as they come, a model as it met them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "isthmus/data/dataset.h"

namespace isthmus {

/// The classes of these items in the order of their numbers; empty for data without labels.
std::vector<std::string> classes_of(const Dataset& data, std::span<const int64_t> rows);

/// The place of each item's class in `classes`, -1 where it is none of them; empty for data without
/// labels.
std::vector<int32_t> labels_among(const Dataset& data, const std::vector<std::string>& classes);

/// (N, K): 1 at the place of a label, zeros for -1.
Tensor one_hot(std::span<const int32_t> labels, int64_t num_classes);

}  // namespace isthmus
