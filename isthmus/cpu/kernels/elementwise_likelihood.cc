// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels of likelihoods: Bernoulli and continuous Bernoulli by logits t. The fused
// loss with gradient is in bernoulli.cc.
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/elementwise_likelihood.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/elementwise_rows.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// x t - softplus(t) = t (x - [t > 0]) - log(1 + exp(-|t|)): the two large terms meet as a factor.
template <class D, class V>
HWY_INLINE V bernoulli_of(D d, V t, V x) {
  const V step = hn::IfThenElseZero(hn::Gt(t, hn::Zero(d)), hn::Set(d, 1.0f));
  return hn::MulSub(t, hn::Sub(x, step), softplus_of_negative_size(d, t));
}
ISTHMUS_OP2(BernoulliLogProb, bernoulli_of(d, a, b));

/// log((exp(t) - 1) / t): a series up to |t| = 1, else max(t, 0) + log((1 - exp(-|t|)) / |t|),
/// where |t| counts as 1e37 at most.
template <class D, class V>
HWY_INLINE V log_normalizer_of(D d, V t) {
  const V u = hn::Mul(t, t);
  const V p = polynomial(d, u, 4.166666791e-02f, -3.472222015e-04f, 5.511413747e-06f,
                         -1.032249131e-07f, 1.971121266e-09f);
  const V near = hn::MulAdd(u, p, hn::Mul(t, hn::Set(d, 0.5f)));
  const V one = hn::Set(d, 1.0f);
  const V size = hn::Abs(t);
  const V e = exp_nonpositive(d, hn::Neg(size));
  const V ratio = hn::Div(hn::Sub(one, e), at_most(d, size, 1e37f));
  const V far = hn::Add(at_least(d, t, 0.0f), log_of_normal(d, ratio));
  return hn::IfThenElse(hn::Lt(size, one), near, far);
}
ISTHMUS_OP1(LogNormalizer, log_normalizer_of(d, a));

/// 1 / (1 - exp(-t)) - 1 / t, as 1/2 + (1 / (1 - e) - 1/2 - 1 / |t|) with the sign of t.
template <class D, class V>
HWY_INLINE V mean_of(D d, V t) {
  const V u = hn::Mul(t, t);
  const V p = polynomial(d, u, 8.333333582e-02f, -1.388888806e-03f, 3.306819053e-05f,
                         -8.253509236e-07f, 1.948692763e-08f);
  const V near = hn::MulAdd(t, p, hn::Set(d, 0.5f));
  const V one = hn::Set(d, 1.0f);
  const V size = hn::Abs(t);
  const V e = exp_nonpositive(d, hn::Neg(size));
  const V inverse = hn::Div(one, size);
  const V odds = hn::Div(e, hn::Sub(one, e));  // 1 / (exp(|t|) - 1)
  const V below = hn::Sub(inverse, odds);      // the mean of -|t|
  const V far = hn::IfThenElse(hn::Lt(t, hn::Zero(d)), below, hn::Sub(one, below));
  return hn::IfThenElse(hn::Lt(size, one), near, far);
}
ISTHMUS_OP1(Mean, mean_of(d, a));

/// 1 / t^2 - 1 / (4 sinh(t / 2)^2): a series up to |t| = 4.
template <class D, class V>
HWY_INLINE V variance_of(D d, V t) {
  const V u = hn::Mul(t, t);
  const V near = polynomial(d, u, 8.333333582e-02f, -4.166662693e-03f, 1.653369982e-04f,
                            -5.782565950e-06f, 1.864114125e-07f, -5.529643410e-09f,
                            1.406740141e-10f, -2.593719293e-12f, 2.436511449e-14f);
  const V one = hn::Set(d, 1.0f);
  const V e = exp_nonpositive(d, hn::Neg(hn::Abs(t)));
  const V rest = hn::Sub(one, e);
  const V inverse = hn::Div(one, t);
  const V far = hn::MulSub(inverse, inverse, hn::Div(e, hn::Mul(rest, rest)));
  return hn::IfThenElse(hn::Lt(u, hn::Set(d, 16.0f)), near, far);
}
ISTHMUS_OP1(Variance, variance_of(d, a));

std::span<const NamedKernel> likelihood_table() {
  static constexpr NamedKernel kTable[] = {
      {"bernoulli_log_prob", elementwise_kernel<BernoulliLogProb>},
      {"continuous_bernoulli_log_normalizer", elementwise_kernel<LogNormalizer>},
      {"continuous_bernoulli_mean", elementwise_kernel<Mean>},
      {"continuous_bernoulli_variance", elementwise_kernel<Variance>},
  };
  return kTable;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(likelihood_table);
std::span<const NamedKernel> elementwise_likelihood_kernels() {
  return HWY_DYNAMIC_DISPATCH(likelihood_table)();
}

}  // namespace isthmus
#endif
