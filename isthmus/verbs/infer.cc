// SPDX-License-Identifier: Apache-2.0
// The verbs on a trained model: encode, decode, sample, reconstruct, interpolate. Each takes one
// compiled graph of the session, runs it over the items and gathers one output. Files and pictures
// come later.
#include "isthmus/verbs/infer.h"

#include <cmath>

#include "isthmus/base/rng_key.h"
#include "isthmus/data/condition.h"
#include "isthmus/data/scaling.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {
namespace {

Shape item_array(int64_t count, const DataSpec& spec) {
  Shape shape = {count};
  shape.insert(shape.end(), spec.item_shape.begin(), spec.item_shape.end());
  return shape;
}

/// Output `name` of all items, row by row into `out` from column `offset` of `stride` values.
void gather(GraphRunner& runner, int64_t count, const std::vector<const char*>& outputs,
            Tensor& out) {
  const size_t stride = static_cast<size_t>(count > 0 ? out.num_values() / count : 0);
  std::span<float> all = out.values<float>();
  runner.for_each_batch(count, [&](int64_t first, int64_t rows) {
    size_t offset = 0;
    for (const char* name : outputs) {
      const std::span<const float> values = runner.executor().rows(name);
      const size_t width = values.size() / static_cast<size_t>(rows);
      for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
        const size_t at = (static_cast<size_t>(first) + r) * stride + offset;
        std::copy_n(values.begin() + static_cast<ptrdiff_t>(r * width), width,
                    all.begin() + static_cast<ptrdiff_t>(at));
      }
      offset += width;
    }
  });
}

Draw draw_for(Quantity quantity) {
  if (quantity == Quantity::kMeanAndLogVar) {
    throw Error(ErrorCode::kBadValue, "quantity mean_and_log_var is one of latents, not of data",
                "one of mean, sample", {.key = "quantity"});
  }
  return quantity == Quantity::kSample ? Draw::kLikelihood : Draw::kNone;
}

}  // namespace

GraphRunner& encode_runner(Session& session, Draw draw, const VerbSettings& settings) {
  return session.runner(draw == Draw::kNone ? "encode" : "encode and draw", "encode", settings,
                        [draw](const ModelSetup& setup) { return encode_graph(setup, draw); });
}

GraphRunner& reconstruct_runner(Session& session, Draw draw, const VerbSettings& settings) {
  return session.runner(draw == Draw::kNone ? "reconstruct" : "reconstruct and draw", "sample",
                        settings,
                        [draw](const ModelSetup& setup) { return reconstruct_graph(setup, draw); });
}

namespace {

void require_codes(const Model& model, bool has, std::string_view verb) {
  if (has) return;
  throw Error(ErrorCode::kImpossible,
              model.options().name + " has no codes: there is nothing to " + std::string(verb),
              "use a model that has them: --model vae, --model pca", {.key = "model.name"});
}

}  // namespace

Tensor encode(Session& session, const Dataset& data, Quantity quantity,
              const VerbSettings& settings) {
  const Model& model = session.model();
  const Abilities has = model.abilities();
  require_codes(model, has.encodes, "encode");
  if (quantity != Quantity::kMean && !has.elbo) {
    throw Error(ErrorCode::kImpossible,
                model.options().name + " has no posterior: its code is the mean",
                "use --quantity mean", {.key = "quantity"});
  }
  if (quantity == Quantity::kMeanAndLogVar && !has.normal_posterior) {
    throw Error(ErrorCode::kImpossible,
                model.options().name + " has no posterior with a variance per latent",
                "use --quantity mean or sample", {.key = "quantity"});
  }
  const Dataset fitted = fit_to_model(data, model.setup);
  const Draw draw = quantity == Quantity::kSample ? Draw::kPosterior : Draw::kNone;
  GraphRunner& runner = encode_runner(session, draw, settings);
  runner.bind(fitted, model.spec());
  const int64_t width = model.latent_dim() * (quantity == Quantity::kMeanAndLogVar ? 2 : 1);
  Tensor codes(Dtype::kF32, {fitted.num_items(), width});
  std::vector<const char*> outputs = {quantity == Quantity::kSample ? "sample" : "posterior_mean"};
  if (quantity == Quantity::kMeanAndLogVar) outputs.push_back("log_var");
  gather(runner, fitted.num_items(), outputs, codes);
  return codes;
}

Tensor decode(Session& session, const Tensor& z, Quantity quantity, const VerbSettings& settings,
              const Tensor& context) {
  const Model& model = session.model();
  require_codes(model, model.abilities().decodes, "decode");
  if (z.shape().size() != 2 || z.shape()[1] != model.latent_dim()) {
    throw Error(ErrorCode::kDataMismatch,
                "latents of shape " + shape_text(z.shape()) +
                    " do not fit a model of latent size " + std::to_string(model.latent_dim()),
                "give an array of shape (N, " + std::to_string(model.latent_dim()) + ")");
  }
  const Draw draw = draw_for(quantity);
  GraphRunner& runner =
      session.runner(draw == Draw::kNone ? "decode" : "decode and draw", "sample", settings,
                     [draw](const ModelSetup& setup) { return decode_graph(setup, draw); });
  runner.executor().bind_input("z", z, Scaling{});
  const ConditionSpec& condition = model.spec().condition;
  Tensor usual;
  if (condition.width() > 0) {
    if (context.shape().size() != 2) usual = usual_conditions(condition, z.shape()[0]);
    runner.executor().bind_input("context", context.shape().size() == 2 ? context : usual,
                                 Scaling{});
  }
  Tensor items(Dtype::kF32, item_array(z.shape()[0], model.spec()));
  gather(runner, z.shape()[0], {draw == Draw::kNone ? "mean" : "sample"}, items);
  return items;
}

Tensor prior_draws(int64_t count, int64_t latent_dim, double temperature, uint64_t seed) {
  Tensor z(Dtype::kF32, {count, latent_dim});
  const RngKey key = RngKey::from(seed, "sample/prior");
  float* row = z.values<float>().data();
  for (int64_t i = 0; i < count; ++i, row += latent_dim) {
    fill_normal(key, static_cast<uint64_t>(i), 0, 0, row, latent_dim);
    for (int64_t j = 0; j < latent_dim; ++j) row[j] *= static_cast<float>(temperature);
  }
  return z;
}

Tensor given_context(const Model& model, const std::vector<std::string>& given, int64_t count) {
  if (given.empty()) return {};
  const ConditionSpec& condition = model.spec().condition;
  if (condition.width() == 0) {
    throw Error(ErrorCode::kImpossible,
                "this model was trained without a condition, so none can be given to it",
                "train one with: --condition label, or --condition COLUMN", {.key = "given"});
  }
  const std::vector<float> row = condition_row(condition, given);
  Tensor context(Dtype::kF32, {count, condition.width()});
  for (int64_t i = 0; i < count; ++i) {
    std::copy(row.begin(), row.end(),
              context.values<float>().begin() + static_cast<ptrdiff_t>(i * condition.width()));
  }
  return context;
}

namespace {

/// Draws of the model's own prior, (count, Z).
Tensor draws_of_prior(Session& session, const SampleSettings& settings) {
  const Model& model = session.model();
  if (model.abilities().standard_prior) {
    return prior_draws(settings.count, model.latent_dim(), settings.temperature,
                       settings.verb.seed);
  }
  GraphRunner& runner = session.runner("prior", "sample", settings.verb, prior_graph);
  runner.executor().set_scalar("temperature", settings.temperature);
  Tensor z(Dtype::kF32, {settings.count, model.latent_dim()});
  gather(runner, settings.count, {"z"}, z);
  return z;
}

[[noreturn]] void refuse_sampling(const Model& model) {
  const std::string& name = model.options().name;
  if (model.abilities().exact) {
    throw Error(ErrorCode::kImpossible,
                name + " does not draw items of " + std::to_string(model.spec().num_values()) +
                    " values: it has their density alone",
                "train a model that draws them at once: --model real_nvp", {.key = "model.name"});
  }
  const std::string_view sampler = all_models().find(name).sampler;
  if (!sampler.empty()) {
    throw Error(ErrorCode::kImpossible,
                name + " has no prior: its samples come from " + std::string(sampler) +
                    " that is fitted to the codes of its training items",
                "isthmus fit-sampler MODEL DATA --sampler gmm");
  }
  throw Error(
      ErrorCode::kImpossible,
      name +
          " cannot be sampled: it has learned no distribution of its codes, so no draw of "
          "a code is worth more than another",
      "fit one to its codes: isthmus fit-sampler MODEL DATA; or train a model that has one: "
      "isthmus train DATA --model vae");
}

}  // namespace

namespace {

/// Draws of items of a model without a latent: sweeps until nothing changes.
Tensor item_draws(Session& session, const SampleSettings& settings) {
  const DataSpec& spec = session.model().spec();
  GraphRunner& runner = session.runner("draw", "sample", settings.verb, draw_graph);
  runner.executor().set_scalar("temperature", settings.temperature);
  Tensor items(Dtype::kF32, item_array(settings.count, spec));
  const bool sweeps = runner.has_input("x");
  if (sweeps) runner.executor().bind_input("x", items, Scaling{});
  const size_t width = static_cast<size_t>(spec.num_values());
  for (int64_t first = 0; first < settings.count; first += runner.batch_size()) {
    const int64_t rows = std::min(runner.batch_size(), settings.count - first);
    const std::span<float> block = items.values<float>().subspan(static_cast<size_t>(first) * width,
                                                                 static_cast<size_t>(rows) * width);
    bool same = false;
    for (size_t sweep = 0; !same && sweep <= width; ++sweep) {
      runner.run(first, rows, 0);
      const std::span<const float> drawn = runner.executor().rows("x");
      same = !sweeps || std::equal(drawn.begin(), drawn.end(), block.begin());
      std::copy(drawn.begin(), drawn.end(), block.begin());
    }
    note_work("items", static_cast<uint64_t>(first + rows), static_cast<uint64_t>(settings.count));
  }
  return items;
}

/// Columns that held one value in what a sampler was fitted to come back where they were.
Tensor with_constants(const Tensor& rows, const DataSpec& spec) {
  if (spec.constants.empty()) return rows;
  const int64_t count = rows.shape()[0], kept = rows.shape()[1],
                width = kept + static_cast<int64_t>(spec.constants.size());
  Tensor all(Dtype::kF32, {count, width});
  const float* from = rows.values<float>().data();
  float* to = all.values<float>().data();
  for (int64_t r = 0; r < count; ++r) {
    auto constant = spec.constants.begin();
    for (int64_t c = 0; c < width; ++c) {
      const bool fixed = constant != spec.constants.end() && constant->index == c;
      *to++ = fixed ? static_cast<float>((constant++)->value) : *from++;
    }
  }
  return all;
}

/// Draws of the density that was fitted to the codes, with noise of its own.
Tensor draws_of_sampler(Session& session, const SampleSettings& settings) {
  constexpr uint64_t kOwnSeed = 0x9E3779B97F4A7C15;
  const Model& sampler = *session.model().sampler;
  Session own(sampler, session.device());
  SampleSettings draws = settings;
  draws.quantity = Quantity::kSample;
  draws.given.clear();
  draws.verb.seed = settings.verb.seed + kOwnSeed;
  const Tensor scaled = sample(own, draws);
  return with_constants(invert_scaling(scaled, sampler.spec().scaling), sampler.spec());
}

}  // namespace

Tensor latent_draws(Session& session, const SampleSettings& settings) {
  const Model& model = session.model();
  if (model.sampler && !settings.prior) return draws_of_sampler(session, settings);
  if (!model.abilities().samples) refuse_sampling(model);
  return draws_of_prior(session, settings);
}

Tensor sample(Session& session, const SampleSettings& settings) {
  const Model& model = session.model();
  if (model.abilities().draws_at_once) return item_draws(session, settings);
  const Tensor z = latent_draws(session, settings);
  const Tensor context = given_context(model, settings.given, settings.count);
  return decode(session, z, settings.quantity, settings.verb, context);
}

Tensor reconstruct(Session& session, const Dataset& data, Quantity quantity,
                   const VerbSettings& settings) {
  const Model& model = session.model();
  require_codes(model, model.abilities().codes, "reconstruct");
  const Draw draw = draw_for(quantity);
  const Dataset fitted = fit_to_model(data, model.setup);
  GraphRunner& runner = reconstruct_runner(session, draw, settings);
  runner.bind(fitted, model.spec());
  Tensor items(Dtype::kF32, item_array(fitted.num_items(), model.spec()));
  gather(runner, fitted.num_items(), {draw == Draw::kNone ? "mean" : "sample"}, items);
  return items;
}

Tensor interpolate(Session& session, const Dataset& data, const InterpolateSettings& settings) {
  const Model& model = session.model();
  if (settings.steps < 2) {
    throw Error(ErrorCode::kBadValue, "steps = " + std::to_string(settings.steps) + " is below 2",
                "both ends are steps", {.key = "steps"});
  }
  const int64_t count = static_cast<int64_t>(settings.pairs.size());
  const int64_t width = model.latent_dim();
  Tensor latents(Dtype::kF32, {count * settings.steps, width});
  const Dataset chosen = select_items(fit_to_model(data, model.setup), settings.pairs);
  const Tensor codes = encode(session, chosen, Quantity::kMean, settings.verb);
  const int64_t conditions = model.spec().condition.width();
  Tensor context(Dtype::kF32, {count * settings.steps, std::max<int64_t>(1, conditions)});
  for (int64_t p = 0; p < count; ++p) {
    const std::span<const float> all = codes.values<float>();
    const auto a = all.subspan(static_cast<size_t>(2 * p * width), static_cast<size_t>(width));
    const auto b =
        all.subspan(static_cast<size_t>((2 * p + 1) * width), static_cast<size_t>(width));
    for (int64_t s = 0; s < settings.steps; ++s) {
      const double share = static_cast<double>(s) / static_cast<double>(settings.steps - 1);
      const size_t at = static_cast<size_t>((p * settings.steps + s) * width);
      latent_point(a, b, settings.path, share,
                   latents.values<float>().subspan(at, static_cast<size_t>(width)));
      for (int64_t c = 0; c < conditions; ++c) {
        const std::span<const float> ends = chosen.context.values<float>();
        const auto from = static_cast<size_t>(2 * p * conditions + c);
        const float mixed = static_cast<float>(
            (1 - share) * static_cast<double>(ends[from]) +
            share * static_cast<double>(ends[from + static_cast<size_t>(conditions)]));
        context.values<float>()[static_cast<size_t>((p * settings.steps + s) * conditions + c)] =
            mixed;
      }
    }
  }
  return decode(session, latents, Quantity::kMean, settings.verb,
                conditions > 0 ? context : Tensor{});
}

Dataset select_items(const Dataset& data, const std::vector<std::pair<int64_t, int64_t>>& pairs) {
  const int64_t n = data.num_items();
  std::vector<int64_t> items;
  for (const auto& [a, b] : pairs) {
    for (int64_t item : {a, b}) {
      if (item < 0 || item >= n) {
        throw Error(ErrorCode::kBadValue,
                    "item " + std::to_string(item) + " is not there: the data have " +
                        std::to_string(n) + " items, from 0",
                    {}, {.key = "pairs"});
      }
      items.push_back(item);
    }
  }
  return select_rows(data, items);
}

}  // namespace isthmus
