// SPDX-License-Identifier: Apache-2.0
// The end of `train` and `demo`: what the run folder gets beside what training wrote (measures of
// the kept model, an interpolation, the report), the last lines on the screen, the exit status.
#pragma once

#include <optional>
#include <string>

#include "isthmus/cli/command_io.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/train/trainer.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {

/// Measures the kept model on `data` and writes eval.json, and interpolation.png for images.
EvalResult measure_run(CommandIo& io, TrainResult& result, RunFolder& folder, Device& device,
                       const Dataset& data);

/// Writes run.json (with what was measured) and report.html.
void write_run_report(CommandIo& io, TrainResult& result, RunFolder& folder);

/// "done", "wrote" and "next" lines, and the object of --json. `measured` are the terms to speak
/// of: "test", "validation" or "training".
int finish_run(CommandIo& io, TrainResult& result, std::string_view measured, const Terms& terms);

}  // namespace isthmus
