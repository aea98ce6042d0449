// SPDX-License-Identifier: Apache-2.0
// Mixtures of normals over items, p(x) = sum_c w_c N(x; m_c, S_c), with covariances of four kinds:
// as nodes, and one pass of their fit by expectation maximisation. prob/mixture.h has those of
// priors, which are learned by steps.
//
// An item is taken from the centre of all items first, then turned and scaled until a covariance is
// I: y = x W - s with W W' = S^-1. What is squared is a number of standard deviations, so that
// little cancels in float32. Source: Bishop 2006, section 9.2.2.
#pragma once

#include <string>
#include <vector>

#include "isthmus/models/parts.h"

namespace isthmus {

enum class Covariance : uint8_t { kFull, kDiagonal, kSpherical, kTied };
std::vector<std::string> covariance_words();  // auto full diagonal spherical tied
Covariance covariance_of(const std::string& word);
std::string covariance_word(Covariance kind);

/// In double. Means are those of items less their centre. `factor` is U with S = U'U: (C, D, D)
/// full, (D, D) tied, else standard deviations (C, D).
struct FittedNormals {
  Covariance kind = Covariance::kFull;
  size_t components = 0, width = 0;
  std::vector<double> weight, mean, factor;  // (C), (C, D)
};

/// The rules log_prob and draw. Parameters "mixture/...": centre (D), log_weight (C), variance
/// (C, D) or tied (D), and mean (C, D), or with turned axes turn (D, C D) or tied (D, D), whose
/// columns are divided by standard deviations, and turned_mean (C, D).
Parts normal_mixture_parts(const ModelBuild& b, Covariance kind, int64_t components);
NamedTensors normal_mixture_of(const FittedNormals& fitted, const std::vector<double>& centre);

/// How many numbers the mixture is free in: what BIC charges for.
double free_parameters(const FittedNormals& fitted);

/// Components about centres (C, D), of which each has a share of the items, all with the covariance
/// (D, D) of items about the nearest; diagonal (D) where `kind` needs no more.
FittedNormals first_normals(Covariance kind, std::vector<double> weight, std::vector<double> mean,
                            const std::vector<double>& covariance);

/// An E step. Its outputs are gradients of "log_prob", the sum of log p(x), from which maximised()
/// has all sums that it needs.
Graph expectation_graph(const ModelSetup& setup, Covariance kind, int64_t components);
NamedTensors expectation_parameters(const FittedNormals& fitted, const std::vector<double>& centre);
/// The M step; `ridge` (D) is added to all variances. Components without items stay as they are.
FittedNormals maximised(const FittedNormals& from, const Sums& sums,
                        const std::vector<double>& ridge);

}  // namespace isthmus
