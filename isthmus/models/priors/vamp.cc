// SPDX-License-Identifier: Apache-2.0
// VampPrior (Tomczak & Welling 2018, arXiv:1705.07120): the mean of the posteriors of learned
// pseudo-inputs, p(z) = 1/C sum_c q(z|u_c). One more pass of the encoder, over C rows, per step;
// the posteriors of the pseudo-inputs are made again wherever a graph needs them. Under a condition
// each pseudo-input keeps that of the item which it began as: the prior itself has none.
#include <algorithm>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/prior.h"
#include "isthmus/prob/mixture.h"

namespace isthmus {
namespace {

constexpr double kNoise = 0.01;  // of the first pseudo-inputs, about training items
constexpr const char* kPseudoInputs = "prior/pseudo_inputs";
constexpr const char* kPseudoContexts = "prior/pseudo_contexts";

struct VampOptions {
  int64_t components = 500;

  static constexpr auto fields() {
    return std::tuple{field(&VampOptions::components, "model.prior_components", between(1, 65536),
                            kPriorComponentsHelp, {.costs_memory = true})};
  }
};

bool bounded(const DataSpec& data) {
  const ValueRange range = scaled_range(data);
  return range.low >= 0 && range.high <= 1;
}

std::function<Distribution(const Given&)> make_vamp(PriorSetup setup, const VampOptions& options) {
  const ModelBuild& b = setup.build;
  const Value raw = b.g.parameter(kPseudoInputs, {options.components, b.setup.data.num_values()},
                                  {.kind = "normal", .value = kNoise});  // (C, D)
  const int64_t conditions = b.setup.data.condition.width();
  const Value contexts =
      conditions > 0 ? b.g.parameter(kPseudoContexts, {options.components, conditions}, {}, false)
                     : Value{};
  return [&b, raw, contexts, posterior = setup.posterior](const Given& given) {
    const Value u = bounded(b.setup.data) ? b.g.clamp({{"low", 0.0}, {"high", 1.0}}, raw) : raw;
    const Distribution q = posterior({.x = u, .target = u, .context = contexts});
    if (!q.normal) {
      throw Error(ErrorCode::kConflict,
                  "prior vamp is a mixture of diagonal normals, which this posterior is not",
                  "use --posterior normal, or --prior mog", {.key = "model.prior"});
    }
    const NormalMixture mixture{.mean = q.normal->mean, .log_var = q.normal->log_var};
    return mixture_distribution(b.g, mixture, given.temperature);
  };
}

/// Pseudo-inputs begin as training items, chosen by the seed, with a little noise. More components
/// than items take the items again.
void begin_at_items(const FitRequest& request, NamedTensors& first) {
  Tensor& inputs = first.at(kPseudoInputs);
  const RowSource& rows = request.rows;
  const int64_t count = inputs.shape()[0];
  const KeyedPermutation order(RngKey::from(request.seed, "init/prior/items"), 0,
                               static_cast<uint64_t>(rows.count));
  const RngKey noise = RngKey::from(request.seed, "init/prior/noise");
  const bool clamps = bounded(request.setup.data);
  std::vector<float> draws(static_cast<size_t>(rows.width));
  const auto row_of = [](Tensor& all, int64_t c) {
    const int64_t width = all.shape()[1];
    return all.values<float>().subspan(static_cast<size_t>(c * width), static_cast<size_t>(width));
  };
  for (int64_t c = 0; c < count; ++c) {
    const int64_t item = static_cast<int64_t>(order(static_cast<uint64_t>(c % rows.count)));
    const std::span<float> u = row_of(inputs, c);
    rows.read(item, 1, u);
    if (request.contexts.width > 0) {
      request.contexts.read(item, 1, row_of(first.at(kPseudoContexts), c));
    }
    fill_normal(noise, static_cast<uint64_t>(c), 0, 0, draws.data(), rows.width);
    for (size_t d = 0; d < u.size(); ++d) {
      u[d] += static_cast<float>(kNoise) * draws[d];
      if (clamps) u[d] = std::clamp(u[d], 0.0f, 1.0f);
    }
  }
}

}  // namespace

PriorDef priors::vamp() {
  return {.name = "vamp",
          .summary = "the mean posterior of learned pseudo-inputs",
          .help =
              "for the best likelihoods and samples of a vae; costs a second pass of the "
              "encoder per step, and can overfit few items",
          .source = "Tomczak2018",
          .make = make_vamp,
          .initialise = begin_at_items};
}

}  // namespace isthmus
