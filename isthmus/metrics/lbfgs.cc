// SPDX-License-Identifier: Apache-2.0
#include "isthmus/metrics/lbfgs.h"

#include <cmath>
#include <deque>

#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

constexpr size_t kHistory = 10;
constexpr double kSufficient = 1e-4;  // of the decrease that the slope promises
constexpr int kHalvings = 30;

double inner(const std::vector<double>& a, const std::vector<double>& b) {
  return dot(a.data(), b.data(), a.size());
}

void add(std::vector<double>& to, double factor, const std::vector<double>& from) {
  add_scaled(to.data(), from.data(), factor, to.size());
}

std::vector<double> difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> d = a;
  add(d, -1, b);
  return d;
}

/// A step and the change of the gradient along it.
struct Pair {
  std::vector<double> step, change;
  double curvature = 0;  // step . change > 0
};

/// - H gradient, with the inverse Hessian H that the pairs stand for.
std::vector<double> direction(const std::deque<Pair>& pairs, const std::vector<double>& gradient) {
  std::vector<double> d = gradient, share(pairs.size());
  for (size_t i = pairs.size(); i-- > 0;) {
    share[i] = inner(pairs[i].step, d) / pairs[i].curvature;
    add(d, -share[i], pairs[i].change);
  }
  const double scale =
      pairs.empty() ? 1 / std::sqrt(inner(gradient, gradient))
                    : pairs.back().curvature / inner(pairs.back().change, pairs.back().change);
  for (double& v : d) v *= scale;
  for (size_t i = 0; i < pairs.size(); ++i) {
    add(d, share[i] - inner(pairs[i].change, d) / pairs[i].curvature, pairs[i].step);
  }
  for (double& v : d) v = -v;
  return d;
}

struct Point {
  std::vector<double> x, gradient;
  double value = 0;
  double norm() const { return std::sqrt(inner(gradient, gradient)); }
};

/// Remembers the way from one point to the next where it curves upwards.
void remember(std::deque<Pair>& pairs, const Point& from, const Point& to) {
  Pair pair{.step = difference(to.x, from.x), .change = difference(to.gradient, from.gradient)};
  pair.curvature = inner(pair.step, pair.change);
  if (pair.curvature > 0) pairs.push_back(std::move(pair));
  if (pairs.size() > kHistory) pairs.pop_front();
}

}  // namespace

LbfgsResult minimize_lbfgs(const Slope& function, std::vector<double> start,
                           const LbfgsSettings& settings) {
  LbfgsResult result;
  const auto point = [&](std::vector<double> x) {
    ++result.passes;
    Point p{.x = std::move(x), .gradient = {}};
    p.gradient.resize(p.x.size());
    p.value = function(p.x, p.gradient);
    return p;
  };
  Point at = point(std::move(start));
  const double first = at.norm(), enough = settings.gradient_ratio * first;
  std::deque<Pair> pairs;
  bool moves = true;
  while (moves && at.norm() > enough) {
    const std::vector<double> way = direction(pairs, at.gradient);
    const double slope = inner(way, at.gradient);
    const double slack = settings.value_error * std::fabs(at.value);
    double length = 1;
    moves = false;
    for (int i = 0; i < kHalvings && !moves && result.passes < settings.passes; ++i) {
      std::vector<double> x = at.x;
      add(x, length, way);
      Point next = point(std::move(x));
      moves = next.value <= at.value + kSufficient * length * slope + slack;
      length /= 2;
      if (!moves) continue;
      remember(pairs, at, next);
      at = std::move(next);
    }
  }
  result.gradient_ratio = first > 0 ? at.norm() / first : 0;
  result.value = at.value;
  result.x = std::move(at.x);
  return result;
}

}  // namespace isthmus
