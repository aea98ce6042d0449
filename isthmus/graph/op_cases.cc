// SPDX-License-Identifier: Apache-2.0
// Sets of conformance cases that many operations share: with and without rows, broadcasting, sizes
// of 1, a K axis, float64 scalars, extreme values. Data only; the tests that run them are
// elsewhere.
#include <utility>

#include "isthmus/graph/op.h"

namespace isthmus {

std::vector<OpCase> unary_cases(double low, double high, std::vector<double> extremes) {
  std::vector<OpCase> cases;
  for (const ValueType& type :
       {per_row({4}), per_row({5, 3}), per_row({}), per_row({1}), once({2, 3}), scalar_type()}) {
    cases.push_back({.inputs = {type}, .low = low, .high = high});
  }
  if (!extremes.empty()) {
    const int64_t count = static_cast<int64_t>(extremes.size());
    cases.push_back({.inputs = {per_row({count})}, .values = std::move(extremes)});
  }
  return cases;
}

std::vector<OpCase> binary_cases(double low, double high) {
  const std::vector<std::vector<ValueType>> forms = {
      {per_row({4}), per_row({4})},          {per_row({5, 3}), once({3})},
      {once({5, 3}), per_row({3})},          {per_row({5, 1}), per_row({1, 3})},
      {per_row({5, 3}), per_row({})},        {per_row({3}), scalar_type()},
      {per_row({2, 1, 3}), per_row({4, 1})}, {once({4, 3}), per_row({2, 1, 3})},
      {once({2, 1, 3}), once({4, 1})},       {scalar_type(), once({2, 3})},
      {once({2, 1}), once({1, 3})},          {scalar_type(), scalar_type()}};
  std::vector<OpCase> cases;
  for (const auto& form : forms) cases.push_back({.inputs = form, .low = low, .high = high});
  return cases;
}

std::vector<OpCase> comparison_cases() {
  std::vector<OpCase> cases = binary_cases(-2, 2);
  cases.push_back({.inputs = {per_row({3}), per_row({})},
                   .low = 0,
                   .high = 0,
                   .values = {-1e4, 0, 1e4},
                   .check_gradient = false});  // equality is met
  return cases;
}

std::vector<OpCase> axis_cases() {
  return {{.attrs = {{"axis", -1}}, .inputs = {per_row({4})}},
          {.attrs = {{"axis", -1}, {"keep", 1}}, .inputs = {per_row({5, 3})}},
          {.attrs = {{"axis", -2}}, .inputs = {per_row({5, 3})}},
          {.attrs = {{"axis", -2}, {"keep", 1}}, .inputs = {once({2, 3, 2})}},
          {.attrs = {{"axis", -1}}, .inputs = {per_row({1})}},
          {.attrs = {{"axis", -3}}, .inputs = {per_row({2, 5, 3})}},
          {.attrs = {{"axis", -2}, {"keep", 1}}, .inputs = {per_row({2, 5, 3})}},
          {.attrs = {{"axis", -2}}, .inputs = {once({70, 3})}},
          {.inputs = {once({2, 3})}}};
}

std::vector<OpCase> last_axis_cases() {
  return {{.inputs = {per_row({4})}},
          {.inputs = {per_row({5, 3})}},
          {.inputs = {per_row({2, 3, 4})}},
          {.inputs = {per_row({1})}},
          {.inputs = {once({2, 3})}},
          {.inputs = {per_row({4})}, .values = {-40, 0, 40, 39}},
          {.inputs = {per_row({3})},
           .values = {-1e4, 1e4, 1e4},
           .check_gradient = false}};  // differences need steps that are too large
}

std::vector<OpCase> item_cases() {
  return {{.inputs = {per_row({4})}}, {.inputs = {per_row({5, 3})}}, {.inputs = {per_row({})}},
          {.inputs = {per_row({1})}}, {.inputs = {once({2, 3})}},    {.inputs = {scalar_type()}}};
}

std::vector<OpCase> batch_cases() {
  return {{.inputs = {per_row({4})}},
          {.inputs = {per_row({5, 3})}},
          {.inputs = {per_row({})}},
          {.inputs = {per_row({1})}}};
}

std::vector<OpCase> pair_kernel_cases(const std::vector<ValueType>& inputs) {
  std::vector<OpCase> cases;
  for (const char* kernel : {"imq", "rbf"}) {
    for (const int64_t exclude_self : {0, 1}) {
      cases.push_back({.attrs = {{"kernel", kernel},
                                 {"scales", std::vector<double>{0.5, 4}},
                                 {"exclude_self", exclude_self}},
                       .inputs = inputs});
    }
  }
  return once_differentiable(std::move(cases));
}

std::vector<OpCase> with_attributes(const Attrs& attrs, std::vector<OpCase> cases) {
  for (OpCase& one : cases) one.attrs = attrs;
  return cases;
}

std::vector<OpCase> without_gradient(std::vector<OpCase> cases) {
  for (OpCase& one : cases) one.check_gradient = false;
  return cases;
}

std::vector<OpCase> once_differentiable(std::vector<OpCase> cases) {
  for (OpCase& one : cases) one.check_second = false;
  return cases;
}

}  // namespace isthmus
