// SPDX-License-Identifier: Apache-2.0
// Access to attributes and to a finished graph. How graphs are made is in builder.cc.
#include "isthmus/graph/graph.h"

namespace isthmus {
namespace {

template <class T>
const T& get(const std::map<std::string, Attr>& values, const std::string& name) {
  const auto found = values.find(name);
  ISTHMUS_CHECK(found != values.end(), "attribute '" + name + "' is missing");
  const T* value = std::get_if<T>(&found->second);
  ISTHMUS_CHECK(value != nullptr, "attribute '" + name + "' has another type");
  return *value;
}

}  // namespace

int64_t Attrs::integer(const std::string& name) const { return get<int64_t>(values_, name); }
int64_t Attrs::integer(const std::string& name, int64_t default_value) const {
  return has(name) ? integer(name) : default_value;
}
double Attrs::number(const std::string& name) const {
  const auto found = values_.find(name);
  if (found != values_.end() && std::holds_alternative<int64_t>(found->second)) {
    return static_cast<double>(std::get<int64_t>(found->second));
  }
  return get<double>(values_, name);
}
const std::string& Attrs::text(const std::string& name) const {
  return get<std::string>(values_, name);
}
const std::vector<int64_t>& Attrs::list(const std::string& name) const {
  return get<std::vector<int64_t>>(values_, name);
}
Attrs Attrs::with(const std::string& name, Attr value) const {
  Attrs all = *this;
  all.values_.insert_or_assign(name, std::move(value));
  return all;
}
const std::vector<double>& Attrs::numbers(const std::string& name) const {
  return get<std::vector<double>>(values_, name);
}

bool Graph::has_output(std::string_view name) const {
  for (const auto& output : outputs_) {
    if (output.first == name) return true;
  }
  return false;
}

uint32_t Graph::output(std::string_view name) const {
  for (const auto& output : outputs_) {
    if (output.first == name) return output.second;
  }
  ISTHMUS_CHECK(false, "the graph has no output '" + std::string(name) + "'");
}

std::vector<uint32_t> Graph::parameters() const {
  std::vector<uint32_t> indices;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].kind == NodeKind::kParameter) indices.push_back(i);
  }
  return indices;
}

int64_t Graph::num_parameter_values() const {
  int64_t count = 0;
  for (uint32_t i : parameters()) count += value_count(nodes_[i].type.shape);
  return count;
}

}  // namespace isthmus
