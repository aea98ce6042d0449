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
#include "isthmus/verbs/graph_runner.h"
#include "isthmus/verbs/weighted_mean.h"

namespace isthmus {
namespace {

GraphRunner make_runner(const Model& model, Device& device, const Graph& graph, const Tensor& items,
                        const Tensor& context, const VerbSettings& settings,
                        std::string_view purpose) {
  GraphRunner runner(device, graph,
                     {.seed = settings.seed,
                      .purpose = purpose,
                      .values_per_row = model.spec().num_values(),
                      .batch_size = settings.batch_size,
                      .precision = settings.precision});
  runner.set_parameters(model.parameters);
  runner.executor().bind_input("x", items, Scaling{});
  if (has_input(graph, "context")) runner.executor().bind_input("context", context, Scaling{});
  return runner;
}

/// Output `name` of all items, as wide as they are.
Tensor run_over(GraphRunner& runner, const Tensor& items, std::string_view name) {
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

Denoised denoise_by_weights(const Model& model, const Tensor& noisy, const Tensor& context,
                            Device& device, const DenoiseSettings& settings) {
  GraphRunner runner = make_runner(model, device, denoise_graph(model.setup, *settings.noise),
                                   noisy, context, settings.verb, "denoise");
  Denoised result{.items = Tensor(Dtype::kF32, noisy.shape())};
  const int64_t count = noisy.shape()[0];
  const auto width = static_cast<size_t>(model.spec().num_values());
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

Denoised denoise(const Model& model, const Tensor& noisy, const Tensor& context, Device& device,
                 const DenoiseSettings& settings) {
  require_ability(model, settings);
  if (settings.noise) return denoise_by_weights(model, noisy, context, device, settings);
  GraphRunner runner = make_runner(model, device, reconstruct_graph(model.setup, Draw::kNone),
                                   noisy, context, settings.verb, "denoise");
  return {.items = run_over(runner, noisy, "mean")};
}

Tensor corrupt_items(const Model& model, const Tensor& clean, Device& device,
                     std::string_view corruption, const OwnOptions& own,
                     const VerbSettings& settings) {
  GraphRunner runner = make_runner(model, device, corruption_graph(model.setup, corruption, own),
                                   clean, {}, settings, settings.noise);
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
