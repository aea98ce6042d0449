// SPDX-License-Identifier: Apache-2.0
// Dense algebra of Z x Z per row, the climb to the mode, and leapfrog trajectories.
#include "isthmus/verbs/latent_moves.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace isthmus {
namespace {

constexpr int kLeapfrogs = 4;
constexpr double kFirstStep = 0.4, kLeastStep = 1e-3, kMostStep = 1.5;  // pi / 2 is a quarter turn
constexpr double kAcceptance = 0.8;
constexpr int kClimbs = 6;
constexpr double kDifference = 0.05;  // of codes, whose prior is about 1 wide

/// a = L L', lower, in place; false if a is not positive definite.
bool factorise(std::span<double> a, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i > j) {
        a[i * n + j] = sum / a[j * n + j];
      } else if (sum > 0 && std::isfinite(sum)) {
        a[i * n + i] = std::sqrt(sum);
      } else {
        return false;
      }
    }
  }
  return true;
}
/// L y = x, in place.
void solve_lower(std::span<const double> l, std::span<double> x) {
  const size_t n = x.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) x[i] -= l[i * n + k] * x[k];
    x[i] /= l[i * n + i];
  }
}
/// L' y = x, in place.
void solve_upper(std::span<const double> l, std::span<double> x) {
  const size_t n = x.size();
  for (size_t i = n; i-- > 0;) {
    x[i] /= l[i * n + i];
    for (size_t k = 0; k < i; ++k) x[k] -= l[i * n + k] * x[i];
  }
}

/// The factor of a + d I with the least d >= `damping` of a growing row that makes it one.
double factorise_damped(std::span<const double> a, double damping, std::span<double> factor) {
  const size_t n = static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(a.size()))));
  double largest = 1;
  for (size_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(a[i * n + i]));
  if (!std::isfinite(largest)) largest = 1;
  for (double d = damping;; d = std::max(4 * d, 1e-4 * largest)) {
    for (size_t i = 0; i < a.size(); ++i) factor[i] = std::isfinite(a[i]) ? a[i] : 0;
    for (size_t i = 0; i < n; ++i) factor[i * n + i] += d;
    if (factorise(factor, n)) return d;
  }
}

}  // namespace

LatentMoves::LatentMoves(size_t width, size_t most_rows, RngKey momentum, RngKey uniform)
    : width_(width),
      momentum_key_(momentum),
      uniform_key_(uniform),
      curvature_(most_rows * width * width),
      factor_(curvature_.size()),
      scratch_(width * width),
      log_prob_(most_rows),
      slope_(most_rows * width),
      new_log_prob_(most_rows),
      new_slope_(most_rows * width),
      new_z_(most_rows * width),
      momentum_(most_rows * width) {}

std::span<double> LatentMoves::matrix(std::vector<double>& all, size_t row) const {
  return std::span<double>(all).subspan(row * width_ * width_, width_ * width_);
}

void LatentMoves::curvature(const LatentTarget& target, std::span<const double> z) {
  const size_t values = z.size(), rows = values / width_;
  const std::span<double> at = std::span(new_z_).first(values);
  const std::span<double> up = std::span(new_slope_).first(values),
                          down = std::span(momentum_).first(values),
                          unused = std::span(new_log_prob_).first(rows);
  for (size_t j = 0; j < width_; ++j) {
    for (const double sign : {1.0, -1.0}) {
      std::ranges::copy(z, at.begin());
      for (size_t r = 0; r < rows; ++r) at[r * width_ + j] += sign * kDifference;
      target(at, 1, unused, sign > 0 ? up : down);
    }
    for (size_t r = 0; r < rows; ++r) {
      const std::span<double> h = matrix(curvature_, r);
      for (size_t i = 0; i < width_; ++i) {
        h[i * width_ + j] = (down[r * width_ + i] - up[r * width_ + i]) / (2 * kDifference);
      }
    }
  }
  for (size_t r = 0; r < rows; ++r) {
    const std::span<double> h = matrix(curvature_, r);
    for (size_t i = 0; i < width_; ++i) {
      for (size_t j = 0; j < i; ++j) {
        const double mean = 0.5 * (h[i * width_ + j] + h[j * width_ + i]);
        h[i * width_ + j] = h[j * width_ + i] = mean;
      }
    }
  }
}

void LatentMoves::fit(const LatentTarget& target, std::span<double> z) {
  const size_t values = z.size(), rows = values / width_;
  const std::span<double> log_prob = std::span(log_prob_).first(rows),
                          slope = std::span(slope_).first(values);
  std::vector<double> damping(rows, 1.0);
  for (int climb = 0; climb < kClimbs; ++climb) {
    target(z, 1, log_prob, slope);
    curvature(target, z);
    const std::span<double> at = std::span(new_z_).first(values);
    for (size_t r = 0; r < rows; ++r) {
      factorise_damped(matrix(curvature_, r), damping[r], scratch_);
      const std::span<double> step = at.subspan(r * width_, width_);
      std::ranges::copy(slope.subspan(r * width_, width_), step.begin());
      solve_lower(scratch_, step);
      solve_upper(scratch_, step);
      for (size_t i = 0; i < width_; ++i) step[i] += z[r * width_ + i];
    }
    target(at, 1, std::span(new_log_prob_).first(rows), std::span(new_slope_).first(values));
    for (size_t r = 0; r < rows; ++r) {
      const bool better = new_log_prob_[r] > log_prob[r];
      if (better) std::ranges::copy(at.subspan(r * width_, width_), z.begin() + r * width_);
      damping[r] *= better ? 0.1 : 10.0;
    }
  }
  curvature(target, z);
  for (size_t r = 0; r < rows; ++r) {  // positive definite from here on
    const double damped = factorise_damped(matrix(curvature_, r), 0, scratch_);
    for (size_t i = 0; i < width_; ++i) matrix(curvature_, r)[i * width_ + i] += damped;
  }
  factor_share_ = -1;
}

LatentChains LatentMoves::start(std::vector<double> z, size_t rows) {
  return {.z = std::move(z), .log_step = std::vector<double>(rows, std::log(kFirstStep))};
}

void LatentMoves::set_metric(double share, size_t rows) {
  if (factor_share_ == share) return;
  for (size_t r = 0; r < rows; ++r) {
    const std::span<double> h = matrix(curvature_, r);
    for (size_t i = 0; i < scratch_.size(); ++i) scratch_[i] = share * h[i];
    for (size_t i = 0; i < width_; ++i) scratch_[i * width_ + i] += 1 - share;
    factorise_damped(scratch_, 0, matrix(factor_, r));
  }
  factor_share_ = share;
}

double LatentMoves::move(const LatentTarget& target, const Move& how, LatentChains& chains) {
  const std::span<double> z = chains.z;
  const size_t values = z.size(), rows = values / width_;
  const std::span<double> at = std::span(new_z_).first(values),
                          slope = std::span(slope_).first(values),
                          log_prob = std::span(log_prob_).first(rows),
                          new_log_prob = std::span(new_log_prob_).first(rows);
  set_metric(how.share, rows);
  target(z, how.share, log_prob, slope);
  std::ranges::copy(z, at.begin());
  std::vector<double> energy(rows), step(rows), chance(rows);
  std::vector<float> normals(width_);
  const auto item = [&](size_t r) { return static_cast<uint64_t>(how.first_item) + r; };
  for (size_t r = 0; r < rows; ++r) {
    float uniform[2];
    fill_uniform(uniform_key_, item(r), how.number, 0, uniform, 2);
    chance[r] = uniform[0];
    step[r] = std::exp(chains.log_step[r]) * (0.75 + 0.5 * uniform[1]);
    fill_normal(momentum_key_, item(r), how.number, 0, normals.data(),
                static_cast<int64_t>(width_));
    for (size_t i = 0; i < width_; ++i) {
      momentum_[r * width_ + i] = normals[i];
      energy[r] += 0.5 * momentum_[r * width_ + i] * momentum_[r * width_ + i];
    }
  }
  std::vector<double> turned(width_);
  const auto push = [&](double halves) {  // half steps of the momentum
    for (size_t r = 0; r < rows; ++r) {
      std::ranges::copy(slope.subspan(r * width_, width_), turned.begin());
      solve_lower(matrix(factor_, r), turned);
      for (size_t i = 0; i < width_; ++i) {
        momentum_[r * width_ + i] += 0.5 * halves * step[r] * turned[i];
      }
    }
  };
  for (int leap = 0; leap < kLeapfrogs; ++leap) {
    push(leap == 0 ? 1 : 2);
    for (size_t r = 0; r < rows; ++r) {
      std::copy_n(momentum_.begin() + static_cast<ptrdiff_t>(r * width_), width_, turned.begin());
      solve_upper(matrix(factor_, r), turned);
      for (size_t i = 0; i < width_; ++i) at[r * width_ + i] += step[r] * turned[i];
    }
    target(at, how.share, new_log_prob, slope);
  }
  push(1);
  double taken = 0;
  ++chains.moves;
  for (size_t r = 0; r < rows; ++r) {
    double log_ratio = new_log_prob[r] - log_prob[r] + energy[r];
    for (size_t i = 0; i < width_; ++i) {
      log_ratio -= 0.5 * momentum_[r * width_ + i] * momentum_[r * width_ + i];
    }
    if (!std::isfinite(log_ratio)) log_ratio = -1e300;  // left the range of numbers: not taken
    if (std::log(chance[r]) < log_ratio) {
      std::ranges::copy(at.subspan(r * width_, width_), z.begin() + r * width_);
      ++taken;
    }
    if (!how.adapt) continue;
    const double rate = std::max(0.1, 1 / std::sqrt(static_cast<double>(chains.moves)));
    double& log_step = chains.log_step[r];
    log_step += rate * (std::exp(std::min(0.0, log_ratio)) - kAcceptance);
    log_step = std::clamp(log_step, std::log(kLeastStep), std::log(kMostStep));
  }
  return taken;
}

}  // namespace isthmus
