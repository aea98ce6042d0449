// SPDX-License-Identifier: Apache-2.0
// Distances between the codes of a batch and as many draws of the prior: samples on both sides, no
// densities. They depend on the whole batch, and their expectation does not depend on its size,
// but for the sliced distance.
#pragma once

#include <string>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

/// A sum of kernels of r^2, the squared distance summed over the Z values.
struct KernelSum {
  std::string kernel;          // "imq": C / (C + r^2), "rbf": exp(-r^2 / (2 C))
  std::vector<double> scales;  // the C
};
std::vector<std::string> kernel_names();  // imq rbf

/// imq: 2 Z times 0.1, 0.2, 0.5, 1, 2, 5, 10 (Tolstikhin et al. 2018); 2 Z is the mean of r^2
/// between draws of N(0, I). rbf: Z/4, Z/2, Z.
KernelSum kernel_for(const std::string& kernel, int64_t width);

/// The squared maximum mean discrepancy of z and p, (B, Z) both: (). A U-statistic: unbiased, and
/// negative now and then; 0 for a batch of one item, which says nothing. Source: Gretton et al.
/// 2012.
Value squared_mmd(GraphBuilder& g, Value z, Value p, const KernelSum& kernel);

/// The squared Wasserstein-2 distance of z and p in `projections` directions of unit length, drawn
/// anew each step from the noise of stream "projections": their mean, (). Above 0 even for equal
/// distributions, by a part that falls as 1 / B. Source: Kolouri et al. 2019, arXiv:1804.01947.
Value sliced_wasserstein(GraphBuilder& g, Value z, Value p, int64_t projections);

}  // namespace isthmus
