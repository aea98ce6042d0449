// SPDX-License-Identifier: Apache-2.0
// Grey levels from the facts of a data set: scaling and likelihoods go by them.
#include "isthmus/tensor/grey_level.h"

namespace isthmus {
namespace {

constexpr double kMaxGreyLevel = 65535;

}  // namespace

double grey_level(const DataSpec& spec) {
  if (spec.kind != DataKind::kImage || spec.fields.size() != 1) return 0;
  const FieldSpec& field = spec.fields.front();
  if (!field.integer || field.min < 0 || field.max > kMaxGreyLevel || field.max < 2) return 0;
  double power = 2;
  while (power < field.max) power *= 2;
  return power == field.max ? power : power - 1;
}

}  // namespace isthmus
