// SPDX-License-Identifier: Apache-2.0
// What the commands that fill in what is missing have in common: how far the chains have come, and
// their draws and deviations for the eye.
#pragma once

#include "isthmus/cli/command_io.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/verbs/completion.h"
#include "isthmus/verbs/coverage.h"

namespace isthmus {

/// Draws of each item that a picture shows.
inline constexpr int64_t kShownDraws = 3;

/// Error E5201 if items, draws and moments would not fit.
void require_draws_memory(CommandIo& io, const Model& model, int64_t count, int64_t draws);
/// The remedy where the results of this quantity, "mean" or "sample", would not fit.
inline std::string_view fewer_results(std::string_view quantity) {
  return quantity == "sample" ? "write fewer items (-n) or --draws of each"
                              : "write fewer items (-n)";
}
/// Lines "chains" and "mixing", or why there is none; warning W6004 for chains that have not met.
void print_mixing(CommandIo& io, const Model& model, const CompletionSettings& settings,
                  const Mixing& mixing, int64_t count);
/// A way to fill in what is missing, and how far from the truth it is.
struct MeasuredFill {
  std::string name;  // "bicubic"
  double mse = kUnknown, psnr = kUnknown;
  std::string note = {};  // behind the numbers
};
/// A line for each, and line "coverage" of `what` if there is any.
void print_fills(CommandIo& io, const std::vector<MeasuredFill>& fills,
                 const std::optional<Coverage>& coverage, std::string_view what);
/// Draw `index` of the `chains` of each item.
Tensor draw_of_each(const Tensor& draws, int64_t chains, int64_t index);
/// Twice the deviation from the low end of the range on: white is half of the range.
Tensor shown_deviation(const Tensor& deviation, const DataSpec& spec);
/// A table in the units of the data.
void write_deviation(CommandIo& io, const Output& output, const Tensor& deviation,
                     const DataSpec& spec);

}  // namespace isthmus
