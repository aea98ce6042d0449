// SPDX-License-Identifier: Apache-2.0
// A normal posterior with all covariances: z = mean + L noise, L lower triangular (the Cholesky
// factor of the covariance) with diagonal exp(log_var / 2). KL(q || N(0, I)) is closed:
// 1/2 (|L|^2 + |mean|^2 - Z) - sum log L_jj. Heads: means (Z), log variances (Z), and L below its
// diagonal (Z (Z - 1) / 2) column by column. With these zero it is the diagonal normal.
#include "isthmus/models/coder.h"
#include "isthmus/models/posterior.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

struct Factor {
  Normal diagonal;  // mean and log L_jj^2
  Value below;      // (B, Z (Z - 1) / 2); invalid for Z = 1
  int64_t width = 0;
};

Factor factor_of(GraphBuilder& g, Value heads, int64_t width) {
  Factor f{.diagonal = normal_from(g, g.slice({{"begin", 0}, {"end", 2 * width}}, heads)),
           .below = {},
           .width = width};
  if (width > 1) {
    f.below = g.slice({{"begin", 2 * width}, {"end", 2 * width + width * (width - 1) / 2}}, heads);
  }
  return f;
}

/// Column j of L below the diagonal, with zeros down to it: (B, Z).
Value column(GraphBuilder& g, const Factor& f, int64_t j) {
  const int64_t begin = j * f.width - j * (j + 1) / 2, size = f.width - 1 - j;
  const Value part = g.slice({{"begin", begin}, {"end", begin + size}}, f.below);
  return g.pad({{"before", j + 1}, {"after", 0}}, part);
}

Value entry(GraphBuilder& g, Value z, int64_t j) {
  return g.slice({{"begin", j}, {"end", j + 1}}, z);
}

Value half(GraphBuilder& g, Value x) { return g.mul(x, g.constant(0.5)); }

/// log q where |L^-1 (z - mean)|^2 is known: (B) or (B, L).
Value log_density(GraphBuilder& g, const Factor& f, Value squares) {
  const Value constant =
      g.add(g.sum(f.diagonal.log_var), g.constant(static_cast<double>(f.width) * kLog2Pi));
  return g.neg(half(g, g.add(squares, constant)));
}

LatentDraw draw(GraphBuilder& g, const Factor& f, std::string_view stream, int64_t count) {
  const Value noise = g.normal(stream, count == 0 ? Shape{f.width} : Shape{count, f.width});
  const Value deviation = g.exp(half(g, f.diagonal.log_var));
  Value z = g.add(f.diagonal.mean, g.mul(deviation, noise));
  for (int64_t j = 0; j + 1 < f.width; ++j) {
    z = g.add(z, g.mul(column(g, f, j), entry(g, noise, j)));
  }
  return {.z = z};
}

/// Forward substitution, a column at a time.
Value density(GraphBuilder& g, const Factor& f, Value z) {
  const Value precision = g.exp(g.neg(half(g, f.diagonal.log_var)));
  Value rest = g.sub(z, f.diagonal.mean), squares;
  for (int64_t j = 0; j < f.width; ++j) {
    const Value y = g.mul(entry(g, rest, j), entry(g, precision, j));  // (B, ..., 1)
    squares = squares.valid() ? g.add(squares, g.square(y)) : g.square(y);
    if (j + 1 < f.width) rest = g.sub(rest, g.mul(column(g, f, j), y));
  }
  return log_density(g, f, g.sum(squares));
}

Distribution make_full_covariance(const ModelBuild& b, Value heads) {
  const int64_t width = latent_dim(b.setup);
  const Factor f = factor_of(b.g, heads, width);
  Distribution d;
  d.width = width;
  d.draw = [f](GraphBuilder& g, std::string_view stream, int64_t count) {
    return draw(g, f, stream, count);
  };
  d.log_prob = [f](GraphBuilder& g, Value z) { return density(g, f, z); };
  d.mean = [f](GraphBuilder&) { return f.diagonal.mean; };
  d.kl_to_standard_normal = [f](GraphBuilder& g) {
    Value total = kl_divergence(g, f.diagonal);
    if (f.below.valid()) total = g.add(total, half(g, g.sum(g.square(f.below))));
    return Kl{.total = total, .per_dim = {}};
  };
  return d;
}

}  // namespace

PosteriorDef posteriors::full_covariance() {
  return {.name = "full_covariance",
          .summary = "a mean and a covariance matrix over the latents",
          .help =
              "where latents explain the same values and a diagonal posterior cannot say so; "
              "its nodes grow with the latents: for up to about 64",
          .source = "Rezende2014",
          .num_heads = [](int64_t z) { return 2 * z + z * (z - 1) / 2; },
          .make = make_full_covariance};
}

}  // namespace isthmus
