// SPDX-License-Identifier: Apache-2.0
// Classes are matched by name alone.
#include "isthmus/data/labels.h"

#include <algorithm>
#include <set>

namespace isthmus {

std::vector<std::string> classes_of(const Dataset& data, std::span<const int64_t> rows) {
  if (data.labels.empty()) return {};
  std::set<int32_t> seen;
  for (const int64_t row : rows) seen.insert(data.labels[static_cast<size_t>(row)]);
  std::vector<std::string> classes;
  for (const int32_t label : seen) classes.push_back(data.class_names[static_cast<size_t>(label)]);
  return classes;
}

std::vector<int32_t> labels_among(const Dataset& data, const std::vector<std::string>& classes) {
  std::vector<int32_t> place;
  for (const std::string& name : data.class_names) {
    const auto at = std::find(classes.begin(), classes.end(), name);
    place.push_back(at == classes.end() ? -1 : static_cast<int32_t>(at - classes.begin()));
  }
  std::vector<int32_t> labels;
  labels.reserve(data.labels.size());
  for (const int32_t label : data.labels) labels.push_back(place[static_cast<size_t>(label)]);
  return labels;
}

Tensor one_hot(std::span<const int32_t> labels, int64_t num_classes) {
  Tensor rows(Dtype::kF32, {static_cast<int64_t>(labels.size()), num_classes});
  const std::span<float> values = rows.values<float>();
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0) {
      values[i * static_cast<size_t>(num_classes) + static_cast<size_t>(labels[i])] = 1;
    }
  }
  return rows;
}

}  // namespace isthmus
