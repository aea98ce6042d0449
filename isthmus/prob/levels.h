// SPDX-License-Identifier: Apache-2.0
// The grid on which stored values lie: what likelihoods that are a mass need to know. Whole numbers
// and decimals have one, reals have none.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "isthmus/prob/likelihood.h"

namespace isthmus {

/// Levels of each value on the model's scale; one entry for all values, or D. Grey levels of images
/// (grey_level()), the two values of a binary field, else 10^-decimals from the smallest to the
/// largest value that occurs. Fields that lie on no grid get `count` 0.
std::vector<Levels> levels_of(const DataSpec& data);

/// Of level `index`, on the model's scale.
inline double level_value(const Levels& levels, double index) {
  return levels.low + levels.step * index;
}

/// Error E3404 naming the columns whose values lie on no grid; with `whole`, those that are not
/// whole numbers.
void require_levels(const DataSpec& data, std::string_view likelihood, bool whole);

/// Error E3404 unless every field has levels: of a model file that says otherwise.
void check_levels(const std::vector<Levels>& levels);

/// Support of a mass on the levels of `trained`. Values between levels have no probability; those
/// beyond the ends are counted as the nearest level, which is told by `excess`.
Support level_support(const DataSpec& trained, const DataSpec& given);

}  // namespace isthmus
