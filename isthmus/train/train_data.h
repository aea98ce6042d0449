// SPDX-License-Identifier: Apache-2.0
// The data of a run: what trains, what validates. Rows are numbered in the data as opened, so an
// item keeps its noise whatever else happens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/data/dataset.h"
#include "isthmus/train/options.h"

namespace isthmus {

struct TrainData {
  Dataset train;
  /// With data.binarize dynamic: the grey items of `train`, from which steps and fits draw theirs.
  std::optional<Dataset> grey;
  std::vector<int64_t> train_rows;
  std::optional<Dataset> val;     // data.val named DATA; else the rows are those of `train`
  std::vector<int64_t> val_rows;  // empty: no validation
  std::string fingerprint;        // of both, as opened
  std::string val_source;         // where the items that validate come from
  DataSpec val_spec;              // their facts, of all columns as opened

  const Dataset& val_data() const { return val ? *val : train; }
  /// What steps and fits are fed with.
  const Dataset& fed() const { return grey ? *grey : train; }
  int64_t num_train() const { return static_cast<int64_t>(train_rows.size()); }
  int64_t num_val() const { return static_cast<int64_t>(val_rows.size()); }
  uint64_t num_bytes() const;
  /// Validation items whose values are also those of a training item, as a share of all.
  double known_share() const;
  /// The first `count` rows that validate, or that train when none does, as data of their own.
  Dataset shown_items(int64_t count) const;
};

/// Error E3003 for a run folder among DATA arguments: it holds pictures, but they are no data.
void refuse_run_folders(Fs& fs, const std::vector<std::string>& arguments);

/// Opens `arguments` (or takes `given`) and divides the rows. The facts in train.spec are those of
/// the items that train. Columns of a table that hold one value only among these are left out
/// (train.spec.constants): a density on them has no maximum. Errors: those of open_dataset; E3403
/// with fewer than two items, E3404 when every column is constant.
TrainData open_train_data(Fs& fs, const std::vector<std::string>& arguments, const Dataset* given,
                          const TrainOptions& options);

}  // namespace isthmus
