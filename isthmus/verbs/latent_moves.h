// SPDX-License-Identifier: Apache-2.0
// Moves of codes under a density whose gradient is known, many rows at once: each row is a chain of
// its own. Hamiltonian Monte Carlo in coordinates in which the density about its mode is round.
//
//   moves.fit(target, z);                       // mode and curvature of each row, from a guess
//   LatentChains chains = LatentMoves::start(z, rows);
//   moves.move(target, {.share = 1, ...}, chains);      // one trajectory of each row
//
// All states are double; a row's result depends on that row alone.
// Source: Neal 2011, MCMC using Hamiltonian dynamics, sections 2 to 4.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "isthmus/base/rng_key.h"

namespace isthmus {

/// log p(z) + share log p(known|z) of the rows of z, and its gradient.
using LatentTarget = std::function<void(std::span<const double> z, double share,
                                        std::span<double> log_prob, std::span<double> slope)>;

/// One chain of each row.
struct LatentChains {
  std::vector<double> z;         // (rows, Z)
  std::vector<double> log_step;  // (rows)
  int64_t moves = 0;             // so far
};

class LatentMoves {
 public:
  LatentMoves(size_t width, size_t most_rows, RngKey momentum, RngKey uniform);

  /// Climbs from z, (rows, Z), to near the mode with all evidence, and keeps the curvature there:
  /// Newton steps with damping (Levenberg-Marquardt), differences of the slope.
  void fit(const LatentTarget& target, std::span<double> z);
  /// New chains with the first step size.
  static LatentChains start(std::vector<double> z, size_t rows);

  struct Move {
    double share = 1;        // of the evidence
    bool adapt = false;      // step sizes follow the acceptance
    int64_t first_item = 0;  // of row 0: the noise is a function of (item, number)
    uint32_t number = 0;
  };
  /// Returns the sum over rows of 1 for each trajectory that was taken.
  double move(const LatentTarget& target, const Move& how, LatentChains& chains);

 private:
  std::span<double> matrix(std::vector<double>& all, size_t row) const;
  void curvature(const LatentTarget& target, std::span<const double> z);
  /// Metrics (1 - share) I + share curvature as Cholesky factors.
  void set_metric(double share, size_t rows);

  size_t width_;
  RngKey momentum_key_, uniform_key_;
  std::vector<double> curvature_, factor_, scratch_;
  double factor_share_ = -1;  // that factor_ belongs to
  std::vector<double> log_prob_, slope_, new_log_prob_, new_slope_, new_z_, momentum_;
};

}  // namespace isthmus
