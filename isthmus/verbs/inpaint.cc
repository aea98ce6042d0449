// SPDX-License-Identifier: Apache-2.0
// Runs the steps of the chains, a batch of items at a time, and keeps their state between steps.
#include "isthmus/verbs/inpaint.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "isthmus/data/narrow.h"
#include "isthmus/data/scaling.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {
namespace {

constexpr int64_t kWarmSteps = 5;
constexpr double kPerfect = 100.0;  // dB, as psnr has it

size_t width_of(const Tensor& items) {
  return static_cast<size_t>(items.num_values() / std::max<int64_t>(1, items.shape()[0]));
}

/// The state of one chain for each item: x with its missing values filled in, and z.
class Chains {
 public:
  Chains(const Model& model, const Tensor& items, const Tensor& context, const Mask& mask,
         Device& device, const InpaintSettings& settings)
      : mask_(mask),
        runner_(device, missing_values_graph(model.setup),
                {.seed = settings.verb.seed,
                 .purpose = "inpaint",
                 .values_per_row = model.spec().num_values(),
                 .batch_size = settings.verb.batch_size,
                 .precision = settings.verb.precision}),
        x_(items.clone()),
        z_(Dtype::kF32, {items.shape()[0], model.latent_dim()}),
        pseudo_gibbs_(settings.pseudo_gibbs),
        warm_(std::min(kWarmSteps, settings.steps / 10)) {
    runner_.set_parameters(model.parameters);
    runner_.executor().bind_input("x", x_, Scaling{});
    runner_.executor().bind_input("z", z_, Scaling{});
    if (model.spec().condition.width() > 0) {
      runner_.executor().bind_input("context", context, Scaling{});
    }
  }
  int64_t batch_size() const { return runner_.batch_size(); }
  std::span<float> x(int64_t item) {
    return x_.values<float>().subspan(static_cast<size_t>(item) * width_of(x_), width_of(x_));
  }
  /// Of the last step; row 0 is the first item of the batch.
  std::span<const float> mean() const { return runner_.executor().rows("mean"); }

  void start(int64_t first, int64_t rows, std::span<const float> fill) {
    for (int64_t item = first; item < first + rows; ++item) set_missing(item, fill);
    std::ranges::fill(z_rows(first, rows), 0.0f);
  }
  /// Step 0 has no z to stay at.
  void step(int64_t first, int64_t rows, int64_t draw, int64_t step) {
    const bool always = pseudo_gibbs_ || step <= warm_;
    runner_.executor().set_scalar("always", always ? 1 : 0);
    runner_.run(first, rows, static_cast<uint32_t>(draw * (kMostSteps + 1) + step));
    const std::span<const float> sample = runner_.executor().rows(step < warm_ ? "mean" : "sample");
    for (int64_t r = 0; r < rows; ++r) {
      set_missing(first + r, sample.subspan(static_cast<size_t>(r) * width_of(x_), width_of(x_)));
    }
    std::ranges::copy(runner_.executor().rows("z"), z_rows(first, rows).begin());
    if (always) return;
    for (const float taken : runner_.executor().rows("taken")) acceptance_.add(taken);
  }
  double acceptance() const { return acceptance_.count() > 0 ? acceptance_.mean() : kUnknown; }

 private:
  void set_missing(int64_t item, std::span<const float> values) {
    const std::span<const uint8_t> known = mask_.row(item);
    const std::span<float> out = x(item);
    for (size_t j = 0; j < out.size(); ++j) {
      if (known[j] == 0) out[j] = values[j];
    }
  }
  std::span<float> z_rows(int64_t first, int64_t rows) {
    const auto width = static_cast<size_t>(z_.shape()[1]);
    return z_.values<float>().subspan(static_cast<size_t>(first) * width,
                                      static_cast<size_t>(rows) * width);
  }

  const Mask& mask_;
  GraphRunner runner_;
  Tensor x_, z_;
  bool pseudo_gibbs_;
  int64_t warm_;
  ItemMean acceptance_;
};

/// Moments of the missing values of one batch over the steps that count.
class Moments {
 public:
  explicit Moments(size_t values) : means_(values), sum_(values), squares_(values) {}
  void add(Chains& chains, int64_t first, int64_t rows) {
    ++count_;
    const std::span<const float> mean = chains.mean();
    size_t at = 0;
    for (int64_t r = 0; r < rows; ++r) {
      for (const double v : chains.x(first + r)) {
        means_[at] += static_cast<double>(mean[at]);
        sum_[at] += v;
        squares_[at] += v * v;
        ++at;
      }
    }
  }
  double mean(size_t at) const { return means_[at] / count_; }
  double deviation(size_t at) const {
    const double center = sum_[at] / count_;
    return std::sqrt(std::max(0.0, squares_[at] / count_ - center * center));
  }

 private:
  double count_ = 0;
  std::vector<double> means_, sum_, squares_;
};

void write_moments(const Moments& moments, const Mask& mask, int64_t first, int64_t rows,
                   Inpainted& result) {
  const size_t width = width_of(result.mean);
  for (size_t at = 0; at < static_cast<size_t>(rows) * width; ++at) {
    const auto item = first + static_cast<int64_t>(at / width);
    if (mask.row(item)[at % width] != 0) continue;
    const size_t to = static_cast<size_t>(first) * width + at;
    result.mean.values<float>()[to] = static_cast<float>(moments.mean(at));
    result.deviation.values<float>()[to] = static_cast<float>(moments.deviation(at));
  }
}

}  // namespace

Inpainted inpaint(const Model& model, const Tensor& items, const Tensor& context, const Mask& mask,
                  std::span<const float> fill, Device& device, const InpaintSettings& settings) {
  Chains chains(model, items, context, mask, device, settings);
  const int64_t count = items.shape()[0], draws = settings.draws;
  const size_t width = width_of(items);
  Shape shape = items.shape();
  shape[0] *= draws;
  Inpainted result{.mean = items.clone(),
                   .deviation = Tensor(Dtype::kF32, items.shape()),
                   .draws = Tensor(Dtype::kF32, shape)};
  for (int64_t first = 0; first < count; first += chains.batch_size()) {
    const int64_t rows = std::min(chains.batch_size(), count - first);
    Moments moments(static_cast<size_t>(rows) * width);
    for (int64_t draw = 0; draw < draws; ++draw) {
      chains.start(first, rows, fill);
      for (int64_t step = 0; step <= settings.steps; ++step) {
        chains.step(first, rows, draw, step);
        if (step > settings.steps / 2) moments.add(chains, first, rows);
      }
      for (int64_t item = first; item < first + rows; ++item) {
        const auto to = static_cast<size_t>(item * draws + draw) * width;
        std::ranges::copy(chains.x(item), result.draws.values<float>().subspan(to).begin());
      }
      note_work("chains", static_cast<uint64_t>(first * draws + rows * (draw + 1)),
                static_cast<uint64_t>(count * draws));
    }
    write_moments(moments, mask, first, rows, result);
  }
  result.acceptance = chains.acceptance();
  return result;
}

std::vector<float> training_means(const DataSpec& spec) {
  std::vector<float> means(static_cast<size_t>(spec.num_values()));
  const std::vector<double>&shift = spec.scaling.shift, &scale = spec.scaling.scale;
  for (size_t j = 0; j < means.size(); ++j) {
    const FieldSpec& field = spec.fields[spec.fields.size() == 1 ? 0 : j];
    const size_t entry = shift.size() == 1 ? 0 : j;
    means[j] = static_cast<float>((field.mean - shift[entry]) * scale[entry]);
  }
  return means;
}

Tensor filled_with(const Tensor& items, const Mask& mask, std::span<const float> fill) {
  Tensor out = items.clone();
  const std::span<float> values = out.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t j = i % fill.size();
    if (mask.row(static_cast<int64_t>(i / fill.size()))[j] == 0) values[i] = fill[j];
  }
  return out;
}

namespace {

std::vector<double> as_doubles(const Tensor& t) {
  const auto copied = [](auto values) { return std::vector<double>(values.begin(), values.end()); };
  if (t.dtype() == Dtype::kU8) return copied(t.values<uint8_t>());
  if (t.dtype() == Dtype::kF32) return copied(t.values<float>());
  return copied(t.values<double>());
}

template <class T>
Tensor as_type(const Shape& shape, const std::vector<double>& values) {
  Tensor out(dtype_of<T>(), shape);
  std::ranges::transform(values, out.values<T>().begin(),
                         [](double v) { return static_cast<T>(v); });
  return out;
}

}  // namespace

Tensor with_known(const Tensor& stored, const Dataset& data, const Mask& mask) {
  const std::vector<double> read = as_doubles(widened(data.values, data.spec.narrowing));
  std::vector<double> values = as_doubles(stored);
  const size_t width = width_of(data.values), repeats = values.size() / read.size();
  for (size_t at = 0; at < values.size(); ++at) {
    const size_t item = at / width / repeats, j = at % width;
    if (mask.row(static_cast<int64_t>(item))[j] != 0) values[at] = read[item * width + j];
  }
  const bool wide = stored.dtype() == Dtype::kF64 || !data.spec.narrowing.origin.empty();
  if (wide) return as_type<double>(stored.shape(), values);
  const bool bytes = stored.dtype() == Dtype::kU8 && data.values.dtype() == Dtype::kU8;
  return bytes ? as_type<uint8_t>(stored.shape(), values) : as_type<float>(stored.shape(), values);
}

MissingError missing_error(const DataSpec& spec, const Tensor& truth, const Tensor& items,
                           const Mask& mask) {
  const size_t width = width_of(truth);
  const double range = dynamic_range(spec);
  double total = 0, missing = 0;
  ItemMean psnr;
  for (int64_t i = 0; i < truth.shape()[0]; ++i) {
    const std::span<const uint8_t> known = mask.row(i);
    double sum = 0, count = 0;
    for (size_t j = 0; j < width; ++j) {
      if (known[j] != 0) continue;
      const size_t at = static_cast<size_t>(i) * width + j;
      const double error = static_cast<double>(truth.values<float>()[at]) -
                           static_cast<double>(items.values<float>()[at]);
      sum += error * error;
      ++count;
    }
    total += sum;
    missing += count;
    if (count == 0) continue;
    psnr.add(sum > 0 ? std::min(kPerfect, 10 * std::log10(range * range * count / sum)) : kPerfect);
  }
  if (missing == 0) return {};
  return {.mse = total / missing, .psnr = spec.kind == DataKind::kImage ? psnr.mean() : kUnknown};
}

std::optional<Coverage> interval_coverage(const Tensor& truth, const Tensor& draws,
                                          const Mask& mask) {
  Coverage result;
  const int64_t count = draws.shape()[0] / std::max<int64_t>(1, truth.shape()[0]);
  constexpr double kRounding = 1e-9;  // 0.05 * 100 is five
  const auto low =
      static_cast<int64_t>((1 - result.level) / 2 * static_cast<double>(count + 1) + kRounding);
  if (low < 1) return std::nullopt;
  const size_t width = width_of(truth);
  double inside = 0, missing = 0;
  std::vector<float> sorted(static_cast<size_t>(count));
  for (int64_t i = 0; i < truth.shape()[0]; ++i) {
    for (size_t j = 0; j < width; ++j) {
      if (mask.row(i)[j] != 0) continue;
      for (size_t d = 0; d < sorted.size(); ++d) {
        sorted[d] = draws.values<float>()[(static_cast<size_t>(i * count) + d) * width + j];
      }
      std::ranges::sort(sorted);
      const float v = truth.values<float>()[static_cast<size_t>(i) * width + j];
      inside += v >= sorted[static_cast<size_t>(low - 1)] &&
                v <= sorted[static_cast<size_t>(count - low)];
      ++missing;
    }
  }
  result.expected = static_cast<double>(count + 1 - 2 * low) / static_cast<double>(count + 1);
  result.share = inside / missing;
  return result;
}

}  // namespace isthmus
