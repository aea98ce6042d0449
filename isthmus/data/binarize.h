// SPDX-License-Identifier: Apache-2.0
// Grey values as chances of white: each is drawn once to one of two values. The usual protocol for
// densities of images (Larochelle & Murray 2011; Salakhutdinov & Murray 2008), where log p is then
// that of a mass.
#pragma once

#include <cstdint>

#include "isthmus/data/dataset.h"

namespace isthmus {

/// "none" "static" "dynamic"
std::vector<std::string> binarize_words();

/// The stored values that stand for black and white.
struct BlackAndWhite {
  double black = 0, white = 1;
};
/// 0 and the grey level of images of whole numbers, 0 and 1 for reals between. Error E3404 for
/// other values.
BlackAndWhite black_and_white(const DataSpec& spec);

/// The same items with white where a uniform number says so with probability p = (v - black) /
/// (white - black), else black. The numbers are those of mt19937 with this seed, two for a value,
/// row by row and item by item, as numpy makes them, after the first `skip` values; white if u > 1
/// - p for p <= 1/2, and if not u > p above: the bits of the published protocol (Exemplar VAE,
/// arXiv:2004.04795). Error E3404 for values outside of the two.
Dataset binarized(const Dataset& data, const BlackAndWhite& ends, uint32_t seed, uint64_t skip = 0);

/// Only these two values occur.
bool is_black_and_white(const DataSpec& spec, const BlackAndWhite& ends);

}  // namespace isthmus
