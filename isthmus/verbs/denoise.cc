// SPDX-License-Identifier: Apache-2.0
// Runs the graphs of denoising over items and joins the weights of the draws in double. Which noise
// a likelihood can hold is the graph's business.
#include "isthmus/verbs/denoise.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "isthmus/data/scaling.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/verbs/feed.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/weighted_mean.h"

namespace isthmus {
namespace {

/// The conditions, where the graph has them.
void bind_context(GraphRunner& runner, const Model& model, const Tensor& context) {
  if (model.spec().condition.width() == 0) return;
  runner.executor().bind_input("context", context, Scaling{});
}

/// Output `name` of all items, as wide as they are.
Tensor run_over(GraphRunner& runner, const Tensor& items, std::string_view name) {
  runner.executor().bind_input("x", items, Scaling{});
  Tensor out(Dtype::kF32, items.shape());
  const int64_t count = items.shape()[0];
  const int64_t width = items.num_values() / std::max<int64_t>(1, count);
  runner.for_each_batch(count, [&](int64_t first, int64_t) {
    const std::span<const float> values = runner.executor().rows(name);
    std::ranges::copy(values, out.values<float>().begin() + first * width);
  });
  return out;
}

void require_ability(const Model& model, const DenoiseSettings& settings) {
  const std::string& name = model.options().name;
  if (!model.abilities().codes) {
    throw Error(ErrorCode::kImpossible, name + " has no code to decode: it cannot denoise",
                "use a model with one, such as denoising_ae", {.key = "model.name"});
  }
  if (settings.noise && settings.noise->kind == NoiseKind::kFlips &&
      model.measure() != Measure::kMass) {
    throw Error(ErrorCode::kImpossible,
                "flips are noise of values 0 and 1; this " + name + " was trained on others",
                "use --noise gaussian with a vae of --likelihood gaussian",
                {.key = "denoise.noise"});
  }
  if (settings.noise || model.options().corruption != "none") return;
  throw Error(ErrorCode::kImpossible,
              "this " + name + " was trained on clean items: one pass keeps noise it never saw",
              "train with --corruption gaussian (or --model denoising_ae); for a vae say what the "
              "noise is: --noise gaussian --noise-level 0.3",
              {.key = "model.corruption"});
}

std::string name_of(const KnownNoise& noise) {
  return (noise.kind == NoiseKind::kFlips ? "denoise flips " : "denoise normal ") +
         print_value(noise.level);
}

Denoised denoise_by_weights(Session& session, const Tensor& noisy, const Tensor& context,
                            const DenoiseSettings& settings) {
  const KnownNoise noise = *settings.noise;
  GraphRunner& runner =
      session.runner(name_of(noise), "denoise", settings.verb,
                     [noise](const ModelSetup& setup) { return denoise_graph(setup, noise); });
  runner.executor().bind_input("x", noisy, Scaling{});
  bind_context(runner, session.model(), context);
  Denoised result{.items = Tensor(Dtype::kF32, noisy.shape())};
  const int64_t count = noisy.shape()[0];
  const auto width = static_cast<size_t>(session.model().spec().num_values());
  ItemMean effective;
  for (int64_t first = 0; first < count; first += runner.batch_size()) {
    const int64_t rows = std::min(runner.batch_size(), count - first);
    std::vector<WeightedMean> means(static_cast<size_t>(rows), WeightedMean(width));
    for (int64_t draw = 0; draw < settings.draws; ++draw) {
      runner.run(first, rows, static_cast<uint32_t>(draw));
      const std::span<const float> log_weights = runner.executor().rows("log_w");
      const std::span<const float> values = runner.executor().rows("mean");
      for (size_t r = 0; r < means.size(); ++r) {
        means[r].add(log_weights[r], values.subspan(r * width, width));
      }
      note_work("draws", static_cast<uint64_t>(first * settings.draws + rows * (draw + 1)),
                static_cast<uint64_t>(count * settings.draws));
    }
    for (size_t r = 0; r < means.size(); ++r) {
      means[r].write(
          result.items.values<float>().subspan((static_cast<size_t>(first) + r) * width, width));
      effective.add(means[r].effective_samples());
    }
  }
  result.effective_samples = effective.mean();
  return result;
}

}  // namespace

Denoised denoise(Session& session, const Tensor& noisy, const Tensor& context,
                 const DenoiseSettings& settings) {
  require_ability(session.model(), settings);
  if (settings.noise) return denoise_by_weights(session, noisy, context, settings);
  GraphRunner& runner = reconstruct_runner(session, Draw::kNone, settings.verb);
  bind_context(runner, session.model(), context);
  return {.items = run_over(runner, noisy, "mean")};
}

Tensor corrupt_items(Session& session, const Tensor& clean, std::string_view corruption,
                     const OwnOptions& own, const VerbSettings& settings) {
  std::string name = "corrupt by " + std::string(corruption);
  for (const auto& [key, text] : own.texts) name += ", " + key + " = " + text;
  GraphRunner& runner = session.runner(
      name, settings.noise, settings,
      [&](const ModelSetup& setup) { return corruption_graph(setup, corruption, own); });
  return run_over(runner, clean, "noisy");
}

DenoiseError denoise_error(const DataSpec& spec, const Tensor& clean, const Tensor& items) {
  const MetricSetup setup = {.item_shape = spec.item_shape, .dynamic_range = dynamic_range(spec)};
  const auto measured = [&](std::string_view name) {
    const MetricDef& def = all_metrics().find(name);
    if (!def.applies(spec)) return kUnknown;
    const auto metric = def.make(setup);
    metric->add_batch({.rows = clean.shape()[0],
                       .originals = clean.values<float>(),
                       .reconstructions = items.values<float>()});
    return metric->finish().value;
  };
  return {.mse = measured("mse"), .psnr = measured("psnr")};
}

Tensor denoise_linearly(const LinearDenoiser& linear, const Tensor& noisy) {
  Tensor out(Dtype::kF32, noisy.shape());
  const RowSource rows = item_rows(noisy);
  const auto width = static_cast<size_t>(rows.width);
  rows.for_each_row([&](std::span<const float> row, int64_t i) {
    linear.denoise(row, out.values<float>().subspan(static_cast<size_t>(i) * width, width));
  });
  return out;
}

RowSource item_rows(const Tensor& items) {
  return rows_of(items.values<float>(), items.num_values() / items.shape()[0]);
}

}  // namespace isthmus
