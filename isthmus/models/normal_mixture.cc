// SPDX-License-Identifier: Apache-2.0
// With y = x W - s and log p(x, c) = peak_c - |y|^2 / 2, gradients of sum log p(x) are
//   with respect to peak: N_c = sum r_c,   to s: sum r_c y,   to W: -sum r_c x y',
// and sum r_c (x - m_c)(x - m_c)' = (sum r_c x y' - m_c sum r_c y') W^-1.
#include "isthmus/models/normal_mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/metrics/cholesky.h"
#include "isthmus/metrics/symmetric_eigen.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"
#include "isthmus/prob/categorical.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr double kLeastWeight = 1e-6;  // items: whose share a float can hold the logarithm of

using Doubles = std::vector<double>;

bool turned(Covariance kind) { return kind == Covariance::kFull || kind == Covariance::kTied; }

Tensor tensor_of(const Doubles& values, Shape shape) {
  return vector_of(values).reshaped(std::move(shape));
}

/// What log p(x, c) is made of. `place`: s, or the means where no axes are turned. `scale`: W, or
/// one over the standard deviations.
struct JointTerms {
  Value centre, peak, place, scale;
};

Value joint_log_prob(GraphBuilder& g, Covariance kind, const JointTerms& p, Value x) {
  const int64_t components = g.shape(p.place)[0], width = g.shape(p.place)[1];
  Value y = g.sub(x, p.centre);
  if (turned(kind)) {
    y = g.matmul({{"exact", 1}}, y, p.scale);
    const int64_t rows = kind == Covariance::kFull ? components : 1;
    y = g.sub(g.reshape({{"shape", Shape{rows, width}}}, y), p.place);
  } else {
    y = g.mul(g.sub(g.reshape({{"shape", Shape{1, width}}}, y), p.place), p.scale);
  }
  return g.add(g.mul(g.sum(g.square(y)), g.constant(-0.5)), p.peak);
}

Shape scale_shape(Covariance kind, int64_t components, int64_t width) {
  if (kind == Covariance::kFull) return {width, components * width};
  if (kind == Covariance::kTied) return {width, width};
  return {components, width};
}

struct MixtureNodes {
  Covariance kind = Covariance::kFull;
  Value centre, log_weight, variance, mean, turn;
};

MixtureNodes make_nodes(const ModelBuild& b, Covariance kind, int64_t components) {
  const int64_t width = b.setup.data.num_values();
  const GraphBuilder::Scope scope(b.g, "mixture");
  MixtureNodes nodes{.kind = kind};
  const auto parameter = [&b](std::string_view name, Shape shape, double value = 0) {
    return b.g.parameter(name, std::move(shape), {.kind = "constant", .value = value}, false);
  };
  nodes.centre = parameter("centre", {width});
  nodes.log_weight = parameter("log_weight", {components});
  const bool tied = kind == Covariance::kTied;
  nodes.variance = parameter("variance", tied ? Shape{width} : Shape{components, width}, 1);
  nodes.mean = parameter(turned(kind) ? "turned_mean" : "mean", {components, width});
  if (turned(kind)) nodes.turn = parameter("turn", scale_shape(kind, components, width));
  return nodes;
}

Value log_prob(GraphBuilder& g, const MixtureNodes& n, Value x) {
  const double width = static_cast<double>(g.shape(n.mean)[1]);
  JointTerms terms{.centre = n.centre, .place = n.mean, .scale = n.turn};
  if (!turned(n.kind)) terms.scale = g.reciprocal(g.sqrt(n.variance));
  const Value volume = g.mul(g.sum(g.log(n.variance)), g.constant(-0.5));
  terms.peak = g.add(g.sub(n.log_weight, g.constant(0.5 * width * kLog2Pi)), volume);
  return g.logsumexp(joint_log_prob(g, n.kind, terms, x));
}

Value draw(GraphBuilder& g, const MixtureNodes& n, Value temperature) {
  const int64_t components = g.shape(n.mean)[0], width = g.shape(n.mean)[1];
  const Value c = chosen_class(g, n.log_weight, g.uniform("draw/component", {}));
  Value noise = g.normal("draw", {width});
  if (temperature.valid()) noise = g.mul(noise, temperature);
  const Value mean = g.gather(n.mean, c);
  const Value variance = n.kind == Covariance::kTied ? n.variance : g.gather(n.variance, c);
  if (!turned(n.kind)) {
    return g.add(g.add(mean, n.centre), g.mul(noise, g.sqrt(variance)));
  }
  // W^-1 = variance W', row by row.
  Value y = g.mul(g.add(noise, mean), variance);
  if (n.kind == Covariance::kFull) {
    const Value own = g.reshape({{"shape", Shape{components, 1}}}, one_hot(g, c, components));
    y = g.mul(own, g.reshape({{"shape", Shape{1, width}}}, y));
    y = g.reshape({{"shape", Shape{components * width}}}, y);
  }
  return g.add(g.matmul({{"transpose_b", 1}, {"exact", 1}}, y, n.turn), n.centre);
}

/// v U, for a row v (D) and an upper triangular U.
Doubles times_upper(const double* row, const double* upper, size_t n) {
  Doubles out(n, 0.0);
  for (size_t k = 0; k < n; ++k) {
    for (size_t j = k; j < n; ++j) out[j] += row[k] * upper[k * n + j];
  }
  return out;
}

/// The upper triangular factor of a covariance. What sums in float32 leave of one in which columns
/// nearly depend on each other may fall short of positive: it gets more variance.
Doubles factor_of(const Doubles& covariance, size_t n) {
  double trace = 0;
  for (size_t j = 0; j < n; ++j) trace += covariance[j * n + j];
  Doubles tried = covariance;
  for (double more = 1e-7 * trace / static_cast<double>(n);; more *= 10) {
    if (auto factor = cholesky(tried, n)) return *std::move(factor);
    ISTHMUS_CHECK(std::isfinite(more) && more > 0, "a covariance that is not finite");
    for (size_t j = 0; j < n; ++j) tried[j * n + j] = covariance[j * n + j] + more;
  }
}

/// sum r (x - m)(x - m)' = (sum r x y' - m (sum r y)') U, symmetric but for rounding: the mean of
/// both triangles. `products` is sum r x y' with rows `stride` apart.
Doubles scatter_of(const double* products, size_t stride, const double* means, const double* sums,
                   size_t components, const double* upper, size_t n) {
  Doubles scatter(n * n, 0.0), row(n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      row[j] = products[i * stride + j];
      for (size_t c = 0; c < components; ++c) row[j] -= means[c * n + i] * sums[c * n + j];
    }
    const Doubles out = times_upper(row.data(), upper, n);
    std::copy(out.begin(), out.end(), scatter.begin() + static_cast<ptrdiff_t>(i * n));
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double both = (scatter[i * n + j] + scatter[j * n + i]) / 2;
      scatter[i * n + j] = scatter[j * n + i] = both;
    }
  }
  return scatter;
}

void subtract_square(Doubles& covariance, const Doubles& move, double share) {
  const size_t n = move.size();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) covariance[i * n + j] -= share * move[i] * move[j];
  }
}

void add_diagonal(Doubles& covariance, const Doubles& ridge) {
  const size_t n = ridge.size();
  for (size_t j = 0; j < n; ++j) covariance[j * n + j] += ridge[j];
}

struct StepSums {
  const Doubles &count, &place, &scale;  // gradients: see joint_log_prob
};

void move_full(FittedNormals& to, const FittedNormals& from, const StepSums& s,
               const Doubles& ridge) {
  const size_t n = from.width;
  Doubles products(n * n);
  for (size_t c = 0; c < from.components; ++c) {
    if (s.count[c] < kLeastWeight) continue;
    const double* upper = from.factor.data() + c * n * n;
    const double* sums = s.place.data() + c * n;
    for (size_t i = 0; i < n; ++i) {
      const double* row = s.scale.data() + (i * from.components + c) * n;
      for (size_t j = 0; j < n; ++j) products[i * n + j] = -row[j];
    }
    Doubles covariance =
        scatter_of(products.data(), n, from.mean.data() + c * n, sums, 1, upper, n);
    for (double& v : covariance) v /= s.count[c];
    Doubles move = times_upper(sums, upper, n);
    for (double& v : move) v /= s.count[c];
    subtract_square(covariance, move, 1);
    add_diagonal(covariance, ridge);
    const Doubles factor = factor_of(covariance, n);
    std::copy(factor.begin(), factor.end(), to.factor.begin() + static_cast<ptrdiff_t>(c * n * n));
    for (size_t j = 0; j < n; ++j) to.mean[c * n + j] += move[j];
  }
}

void move_tied(FittedNormals& to, const FittedNormals& from, const StepSums& s,
               const Doubles& ridge) {
  const size_t n = from.width;
  const double items = std::accumulate(s.count.begin(), s.count.end(), 0.0);
  Doubles products = s.scale;
  for (double& v : products) v = -v;
  Doubles covariance = scatter_of(products.data(), n, from.mean.data(), s.place.data(),
                                  from.components, from.factor.data(), n);
  for (double& v : covariance) v /= items;
  for (size_t c = 0; c < from.components; ++c) {
    if (s.count[c] < kLeastWeight) continue;
    Doubles move = times_upper(s.place.data() + c * n, from.factor.data(), n);
    for (double& v : move) v /= s.count[c];
    subtract_square(covariance, move, s.count[c] / items);
    for (size_t j = 0; j < n; ++j) to.mean[c * n + j] += move[j];
  }
  add_diagonal(covariance, ridge);
  to.factor = factor_of(covariance, n);
}

/// The gradients are with respect to m and 1 / deviation: sum r y / deviation, and
/// -sum r y (x - m).
void move_diagonal(FittedNormals& to, const FittedNormals& from, const StepSums& s,
                   const Doubles& ridge) {
  const size_t n = from.width;
  Doubles variance(n);
  for (size_t c = 0; c < from.components; ++c) {
    if (s.count[c] < kLeastWeight) continue;
    for (size_t j = 0; j < n; ++j) {
      const size_t at = c * n + j;
      const double deviation = from.factor[at];
      const double move = s.place[at] * deviation * deviation / s.count[c];
      const double square = -s.scale[at] * deviation / s.count[c];
      to.mean[at] += move;
      variance[j] = std::max(square - move * move, 0.0) + ridge[j];
    }
    if (from.kind == Covariance::kSpherical) {
      const double sum = std::accumulate(variance.begin(), variance.end(), 0.0);
      std::ranges::fill(variance, sum / static_cast<double>(n));
    }
    for (size_t j = 0; j < n; ++j) to.factor[c * n + j] = std::sqrt(variance[j]);
  }
}

/// Sum of the logarithms of the standard deviations of a component.
double log_volume(const FittedNormals& f, size_t c) {
  const size_t n = f.width;
  double sum = 0;
  for (size_t j = 0; j < n; ++j) {
    sum += std::log(f.kind == Covariance::kFull   ? f.factor[(c * n + j) * n + j]
                    : f.kind == Covariance::kTied ? f.factor[j * n + j]
                                                  : f.factor[c * n + j]);
  }
  return sum;
}

Doubles log_weights(const FittedNormals& f) {
  const double all = std::accumulate(f.weight.begin(), f.weight.end(), 0.0);
  Doubles logs;
  for (double w : f.weight) logs.push_back(std::log(std::max(w, kLeastWeight) / all));
  return logs;
}

/// Axes of a covariance: W, with column i the unit vector i over the deviation i, and variances.
struct Axes {
  Doubles turn, variance;
};
Axes axes_of(const double* upper, size_t n) {
  Doubles covariance(n * n, 0.0);
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = k; i < n; ++i) {
      const double factor = upper[k * n + i];
      for (size_t j = k; j < n; ++j) covariance[i * n + j] += factor * upper[k * n + j];
    }
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(covariance), n);
  Axes axes{.turn = Doubles(n * n), .variance = eigen.values};
  const double least = 1e-14 * eigen.values.front();
  for (size_t i = 0; i < n; ++i) {
    axes.variance[i] = std::max(axes.variance[i], least);
    for (size_t j = 0; j < n; ++j) {
      axes.turn[j * n + i] = eigen.vectors[i * n + j] / std::sqrt(axes.variance[i]);
    }
  }
  return axes;
}

/// m W.
void append_turned(const double* mean, const Doubles& turn, size_t n, Doubles& out) {
  for (size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (size_t j = 0; j < n; ++j) sum += mean[j] * turn[j * n + i];
    out.push_back(sum);
  }
}

/// (C, D, D) side by side: (D, C D).
void place_beside(const Doubles& matrix, size_t c, size_t components, size_t n, Doubles& all) {
  for (size_t i = 0; i < n; ++i) {
    std::copy_n(matrix.begin() + static_cast<ptrdiff_t>(i * n), n,
                all.begin() + static_cast<ptrdiff_t>((i * components + c) * n));
  }
}

}  // namespace

std::vector<std::string> covariance_words() {
  return {"auto", "full", "diagonal", "spherical", "tied"};
}

std::string covariance_word(Covariance kind) {
  return covariance_words()[static_cast<size_t>(kind) + 1];
}

Covariance covariance_of(const std::string& word) {
  for (Covariance kind : {Covariance::kDiagonal, Covariance::kSpherical, Covariance::kTied}) {
    if (word == covariance_word(kind)) return kind;
  }
  return Covariance::kFull;
}

Parts normal_mixture_parts(const ModelBuild& b, Covariance kind, int64_t components) {
  const MixtureNodes nodes = make_nodes(b, kind, components);
  Parts parts;
  parts.log_prob = [&b, nodes](const Given& given) { return log_prob(b.g, nodes, given.target); };
  parts.draw = [&b, nodes](const Given& given) { return draw(b.g, nodes, given.temperature); };
  return parts;
}

NamedTensors normal_mixture_of(const FittedNormals& f, const Doubles& centre) {
  const size_t n = f.width, count = f.components;
  const int64_t components = static_cast<int64_t>(count), width = static_cast<int64_t>(n);
  const Shape each = {components, width};
  NamedTensors out;
  out.emplace("mixture/centre", vector_of(centre));
  out.emplace("mixture/log_weight", vector_of(log_weights(f)));
  if (!turned(f.kind)) {
    Doubles variance = f.factor;
    for (double& v : variance) v *= v;
    out.emplace("mixture/mean", tensor_of(f.mean, each));
    out.emplace("mixture/variance", tensor_of(variance, each));
    return out;
  }
  const bool tied = f.kind == Covariance::kTied;
  Doubles turned_mean, variance, turn(tied ? 0 : n * n * count);
  Axes axes;
  for (size_t c = 0; c < count; ++c) {
    if (!tied || c == 0) axes = axes_of(f.factor.data() + c * n * n, n);
    append_turned(f.mean.data() + c * n, axes.turn, n, turned_mean);
    if (tied) continue;
    variance.insert(variance.end(), axes.variance.begin(), axes.variance.end());
    place_beside(axes.turn, c, count, n, turn);
  }
  out.emplace("mixture/turned_mean", tensor_of(turned_mean, each));
  out.emplace("mixture/variance", tied ? vector_of(axes.variance) : tensor_of(variance, each));
  out.emplace("mixture/turn",
              tensor_of(tied ? axes.turn : turn, scale_shape(f.kind, components, width)));
  return out;
}

double free_parameters(const FittedNormals& f) {
  const double c = static_cast<double>(f.components), d = static_cast<double>(f.width);
  const double triangle = d * (d + 1) / 2;
  const double variances = f.kind == Covariance::kFull       ? c * triangle
                           : f.kind == Covariance::kTied     ? triangle
                           : f.kind == Covariance::kDiagonal ? c * d
                                                             : c;
  return c - 1 + c * d + variances;
}

FittedNormals first_normals(Covariance kind, Doubles weight, Doubles mean,
                            const Doubles& covariance) {
  const size_t count = weight.size(), n = mean.size() / count;
  FittedNormals f{.kind = kind, .components = count, .width = n};
  f.weight = std::move(weight);
  f.mean = std::move(mean);
  Doubles factor;
  if (turned(kind)) {
    factor = factor_of(covariance, n);
  } else {
    factor = covariance;
    if (kind == Covariance::kSpherical) {
      const double sum = std::accumulate(factor.begin(), factor.end(), 0.0);
      std::ranges::fill(factor, sum / static_cast<double>(n));
    }
    for (double& v : factor) v = std::sqrt(v);
  }
  for (size_t c = 0; c < (kind == Covariance::kTied ? 1 : count); ++c) {
    f.factor.insert(f.factor.end(), factor.begin(), factor.end());
  }
  return f;
}

Graph expectation_graph(const ModelSetup& setup, Covariance kind, int64_t components) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const int64_t width = setup.data.num_values();
  const auto leaf = [&g](std::string_view name, Shape shape) {
    return g.parameter(name, std::move(shape), {}, false);
  };
  const JointTerms terms{.centre = leaf("centre", {width}),
                         .peak = leaf("peak", {components}),
                         .place = leaf("place", {components, width}),
                         .scale = leaf("scale", scale_shape(kind, components, width))};
  const Value joint = joint_log_prob(g, kind, terms, given_data(b).target);
  const Value total = g.batch_sum(g.logsumexp(joint));
  const Values sums = differentiate(g, total, {terms.peak, terms.place, terms.scale});
  g.output("log_prob", total);
  g.output("peak", sums[0]);
  g.output("place", sums[1]);
  g.output("scale", sums[2]);
  return std::move(g).finish();
}

NamedTensors expectation_parameters(const FittedNormals& f, const Doubles& centre) {
  const size_t n = f.width, count = f.components;
  const int64_t components = static_cast<int64_t>(count), width = static_cast<int64_t>(n);
  Doubles peak = log_weights(f), place, scale;
  for (size_t c = 0; c < count; ++c) {
    peak[c] -= 0.5 * static_cast<double>(n) * kLog2Pi + log_volume(f, c);
  }
  if (turned(f.kind)) {
    const bool tied = f.kind == Covariance::kTied;
    scale.resize(f.factor.size());
    Doubles inverse;
    for (size_t c = 0; c < count; ++c) {
      if (!tied || c == 0) {
        const auto begin = f.factor.begin() + static_cast<ptrdiff_t>(c * n * n);
        inverse = inverse_upper(Doubles(begin, begin + static_cast<ptrdiff_t>(n * n)), n);
        place_beside(inverse, c, tied ? 1 : count, n, scale);
      }
      append_turned(f.mean.data() + c * n, inverse, n, place);
    }
  } else {
    place = f.mean;
    for (double deviation : f.factor) scale.push_back(1 / deviation);
  }
  NamedTensors out;
  out.emplace("centre", vector_of(centre));
  out.emplace("peak", vector_of(peak));
  out.emplace("place", tensor_of(place, {components, width}));
  out.emplace("scale", tensor_of(scale, scale_shape(f.kind, components, width)));
  return out;
}

FittedNormals maximised(const FittedNormals& from, const Sums& sums, const Doubles& ridge) {
  FittedNormals to = from;
  to.weight = sums.at("peak");
  const StepSums s{sums.at("peak"), sums.at("place"), sums.at("scale")};
  if (from.kind == Covariance::kFull) {
    move_full(to, from, s, ridge);
  } else if (from.kind == Covariance::kTied) {
    move_tied(to, from, s, ridge);
  } else {
    move_diagonal(to, from, s, ridge);
  }
  return to;
}

}  // namespace isthmus
