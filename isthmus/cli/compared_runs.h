// SPDX-License-Identifier: Apache-2.0
// Steps that commands share which train several models and measure them on the same items.
#pragma once

#include <optional>
#include <string>

#include "isthmus/cli/compare_plan.h"
#include "isthmus/report/comparison.h"

namespace isthmus {

/// The DATA to measure on: named, or with "auto" the test split of a known set; nothing: the items
/// held out.
std::optional<Dataset> test_data(const CommandIo& io, const std::string& test,
                                 const DataOptions& options);

/// The folder of all runs: `out`, or with "auto" the first free runs/<word>-<data>, <...>-2, ...
std::string folder_of(CommandIo& io, const std::string& out, const std::string& word,
                      const Dataset& data);

/// Trains a model, or goes on with it; returns its seconds, or nothing when it was stopped.
std::optional<double> trained(CommandIo& io, const PlannedModel& model);

/// The finished run of a model on these items.
ComparedModel measure_run(CommandIo& io, const PlannedModel& model, double seconds,
                          const Dataset& data, Device& device, const EvalOptions& options);

struct ComparisonFiles {
  const char* picture = "";
  const char* page = "";
};
/// The picture, if there is one, and the page, into the folder of all runs.
void write_comparison(CommandIo& io, const Comparison& comparison, const std::string& folder,
                      const ComparisonFiles& files);

}  // namespace isthmus
