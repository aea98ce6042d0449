// SPDX-License-Identifier: Apache-2.0
// Words and numbers for chains. Nothing is computed here but what a picture needs.
#include "isthmus/cli/mixing.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/log.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

constexpr double kManyApart = 0.05;  // share of the items

std::string percent(double share) { return format_fixed(100 * share, 1) + " %"; }

}  // namespace

void require_draws_memory(CommandIo& io, const Model& model, int64_t count, int64_t draws) {
  // Items, their truth, means, deviations, mask and guess; three doubles of moments; the draws.
  io.require_memory(checked_product(std::vector<int64_t>{count, model.spec().num_values()}) *
                        static_cast<uint64_t>(28 + 24 + 4 * draws),
                    group_digits(count) + " items with " + group_digits(draws) + " draws of each",
                    "give fewer items (-n) or --draws, or raise --memory");
}

void print_mixing(CommandIo& io, const Model& model, const CompletionSettings& settings,
                  const Mixing& mixing, int64_t count) {
  std::string chains =
      group_digits(settings.draws) + " per item, " + group_digits(settings.steps) + " steps";
  if (settings.pseudo_gibbs) {
    chains += ", every proposal accepted: biased where the encoder is not exact";
  } else {
    chains += "; accepted: " + percent(mixing.local) + " of the local moves";
    if (!std::isnan(mixing.encoder)) chains += ", " + percent(mixing.encoder) + " of the encoder's";
  }
  io.console.result("chains", chains);
  if (!std::isnan(mixing.r_hat)) {
    io.console.result("mixing", "R-hat " + format_fixed(mixing.r_hat, 3) + " (median item), " +
                                    format_fixed(mixing.effective, 1) +
                                    " independent draws per item");
  } else {
    io.console.info("mixing", "R-hat needs --steps " + std::to_string(kLeastMixedSteps) +
                                  " or more: it compares halves of the steps that count");
  }
  if (model.measure() == Measure::kScore) {
    io.console.info("draws",
                    "the likelihood is a score: draws are its means, without the noise "
                    "of values; deviations are too small by it");
  }
  if (static_cast<double>(mixing.apart) > kManyApart * static_cast<double>(count)) {
    log_warning("W6004",
                "the chains of " + group_digits(mixing.apart) + " of " + group_digits(count) +
                    " items have not met: R-hat is above " + format_fixed(kMostRHat, 1),
                "raise --steps");
  }
}

void print_fills(CommandIo& io, const std::vector<MeasuredFill>& fills,
                 const std::optional<Coverage>& coverage, std::string_view what) {
  for (const MeasuredFill& fill : fills) {
    const std::string psnr =
        std::isnan(fill.psnr) ? "" : "psnr " + format_fixed(fill.psnr, 2) + " dB, ";
    io.console.result(fill.name,
                      psnr + "mean squared error " + format_fixed(fill.mse, 5) + fill.note);
  }
  if (!coverage) return;
  io.console.result("coverage", percent(coverage->share) + " of the " + std::string(what) +
                                    " lie in their intervals, " + percent(coverage->expected) +
                                    " would if the model were right");
}

Tensor draw_of_each(const Tensor& draws, int64_t chains, int64_t index) {
  Shape shape = draws.shape();
  shape[0] /= chains;
  Tensor out(Dtype::kF32, shape);
  const int64_t width = draws.num_values() / draws.shape()[0];
  for (int64_t i = 0; i < shape[0]; ++i) {
    const auto from = static_cast<size_t>((i * chains + index) * width);
    std::copy_n(draws.values<float>().subspan(from).begin(), width,
                out.values<float>().begin() + i * width);
  }
  return out;
}

Tensor shown_deviation(const Tensor& deviation, const DataSpec& spec) {
  const ValueRange range = scaled_range(spec);
  const auto low = static_cast<float>(range.low), high = static_cast<float>(range.high);
  Tensor shown = deviation.clone();
  for (float& v : shown.values<float>()) v = std::min(high, low + 2 * v);
  return shown;
}

void write_deviation(CommandIo& io, const Output& output, const Tensor& deviation,
                     const DataSpec& spec) {
  const std::vector<double>& scale = spec.scaling.scale;
  Tensor stored = deviation.clone();
  const std::span<float> values = stored.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<double>(values[i]) / scale[i % scale.size()]);
  }
  std::vector<std::string> names;
  for (const FieldSpec& field : spec.fields) {
    if (spec.kind == DataKind::kTable) names.push_back(field.name);
  }
  write_table(io, output, stored, names);
}

}  // namespace isthmus
