// SPDX-License-Identifier: Apache-2.0
// One run: data in, run folder out. Everything a user can set is in TrainOptions; everything that
// happens is told to the observer and written to the run folder.
//
//   TrainRequest request;
//   request.data = {"fashion-mnist"};
//   request.options.loop.epochs = "20";
//   TrainObserver quiet;
//   TrainResult result = train(request, quiet);
//
// Promises: the same request gives the same weights for any number of threads; a run that was
// stopped anywhere (a signal, kill -9) and resumed ends in the same bits as one that was not; a
// weight that is not finite is never written. That holds for runs that diverge and rewind, too: the
// state that a step would go back to travels in the checkpoints.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "isthmus/base/clock.h"
#include "isthmus/base/fs.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/model_file/terms.h"
#include "isthmus/train/choices.h"
#include "isthmus/train/observer.h"
#include "isthmus/train/options.h"

namespace isthmus {

class RunFolder;
struct TrainData;
struct TrainResult;

struct TrainRequest {
  std::vector<std::string> data;  // DATA arguments, concatenated; not needed on resume
  TrainOptions options;
  OptionOrigins origins;             // keys set by the user: "flag", "config", "env"
  const Dataset* dataset = nullptr;  // instead of `data`: already in memory
  Device* device = nullptr;          // instead of the one that options.machine names
  Fs* fs = nullptr;                  // instead of the real file system
  Clock* clock = nullptr;            // instead of the monotonic clock
  std::string command;               // for run.json: how to reproduce
  Json libraries;                    // for run.json: [{name, built, loaded}] or null
  /// Called when a run has ended (no dry one), with its folder still held and its data in memory:
  /// by then files may be gone and pipes used up.
  std::function<void(TrainResult&, RunFolder&, const TrainData&)> finish;
};

struct WrittenFile {
  std::string path;
  uint64_t bytes = 0;
};

/// The fields of isthmus.train/1; json_results.h makes the object.
struct TrainResult {
  std::string status = "done";  // "done" "stopped" "failed" "dry_run"
  /// "epochs" "early_stop" "time" "target" "signal" "diverged" "fitted"
  std::string stop_reason;
  std::string run;                // where it is at the end, should the folder have been moved
  std::vector<std::string> data;  // DATA as the user named them
  std::vector<std::string> next;  // commands worth running now; filled by a caller who knows them
  uint64_t seed = 0;
  std::optional<int64_t> resumed_from_step;
  TrainSummary summary;
  std::vector<Choice> choices;
  std::vector<Choice> found;                              // those of them that a fit has settled
  std::vector<std::pair<std::string, double>> fit_facts;  // what else it says: {"bic", -1234.5}
  std::string data_fingerprint;
  Json libraries;           // as in the request
  int64_t num_labels = -1;  // classes; -1: none
  std::string model_path, model_digest;
  int64_t epochs = 0, steps = 0;
  int64_t best_epoch = 0;      // 0: nothing was validated
  std::optional<Terms> train;  // of the last epoch
  std::optional<Terms> val;    // of the best epoch
  std::optional<Terms> test;   // filled by a caller that measures on test data (demo)
  Json test_data;              // its data_json, or null
  int64_t active_units = -1;
  std::optional<MetricResult> independent_columns;  // elbo of the least model to be beaten
  double data_floor = kUnknown;
  double items_per_second = 0;
  int64_t rollbacks = 0;
  uint64_t peak_memory_bytes = 0;
  uint64_t memory_estimate_bytes = 0;
  std::string checkpoint_path;
  int64_t checkpoint_step = 0;
  std::string weights_sha256;        // of the model that was kept
  std::string final_weights_sha256;  // of the state after the last step
  std::vector<WrittenFile> wrote;    // in the run folder
  double seconds = 0;  // of all processes that worked on the run, up to what each had saved
  std::string determinism = "D1";  // "D0": the device's self-check found differing bits
};

/// Errors: those of opening data and devices; E2005/E2202 for options that do not fit together;
/// E4401..E4411 on resume; E50xx/E51xx when the run folder cannot be written (probed before work);
/// E5201 when the estimate is over the memory limit; E6001 diverged; E8001 folder in use.
TrainResult train(const TrainRequest& request, TrainObserver& observer);

}  // namespace isthmus
