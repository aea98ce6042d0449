// SPDX-License-Identifier: Apache-2.0
// Opens the data of a run, divides its rows and measures those that train. Scaling is decided later
// (choices.cc); nothing is copied here but what a picture shows.
#include "isthmus/train/train_data.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "isthmus/base/digest.h"
#include "isthmus/base/text.h"
#include "isthmus/data/binarize.h"
#include "isthmus/data/condition.h"
#include "isthmus/data/facts.h"
#include "isthmus/data/repeats.h"
#include "isthmus/data/split.h"

namespace isthmus {
namespace {

void leave_out_constant_columns(TrainData& data) {
  if (data.train.spec.kind != DataKind::kTable) return;
  DataSpec kept = data.train.spec;
  kept.fields.clear();
  for (const FieldSpec& field : data.train.spec.fields) {
    if (field.constant) {
      const auto index = static_cast<int64_t>(kept.fields.size() + kept.constants.size());
      kept.constants.push_back({.name = field.name, .index = index, .value = field.min});
    } else {
      kept.fields.push_back(field);
    }
  }
  if (kept.constants.empty()) return;
  if (kept.fields.empty()) {
    throw Error(ErrorCode::kValueRange, "every column holds one value only",
                "there is nothing to learn from these data", {.file = data.train.source});
  }
  kept.item_shape = {static_cast<int64_t>(kept.fields.size())};
  data.train = conform(data.train, kept);
  data.train.spec.constants = std::move(kept.constants);
}

/// What is chosen and stored follows from the items that train, never from those that validate.
void measure_parts(TrainData& data) {
  DataSpec& spec = data.train.spec;
  data.val_spec = spec;
  data.val_source = data.train.source;
  if (data.val_rows.empty()) return;
  std::vector<std::string> names;
  if (spec.kind == DataKind::kTable) {
    for (const FieldSpec& field : spec.fields) names.push_back(field.name);
  }
  const auto facts = [&](const std::vector<int64_t>& rows) {
    return measure_fields(data.train.values, spec.narrowing, names, rows);
  };
  data.val_spec.fields = facts(data.val_rows);
  spec.fields = facts(data.train_rows);
}

/// Columns that are the condition leave the items.
void add_condition(TrainData& data, const std::string& text) {
  const ConditionSpec condition = make_condition(data.train, text, data.train_rows);
  if (condition.width() == 0) return;
  DataSpec wanted = data.train.spec;
  std::erase_if(wanted.fields, [&](const FieldSpec& field) {
    return std::find(condition.columns.begin(), condition.columns.end(), field.name) !=
           condition.columns.end();
  });
  if (wanted.fields.empty()) {
    throw Error(ErrorCode::kConflict, "data.condition names all columns: no item is left",
                "leave some out", {.key = "data.condition"});
  }
  if (wanted.kind == DataKind::kTable) {
    wanted.item_shape = {static_cast<int64_t>(wanted.fields.size())};
  }
  wanted.condition = condition;
  data.train = conform(data.train, wanted);
  const std::string both = data.fingerprint + "\n" + xxh3_128_label(data.train.context.bytes());
  data.fingerprint = xxh3_128_label(std::as_bytes(std::span(both)));
}

/// From here on `train` holds two values; dynamic, what is fed stays grey.
void binarize(TrainData& data, const HoldOutOptions& options) {
  if (options.binarize == "none") return;
  const BlackAndWhite ends = black_and_white(data.train.spec);
  if (is_black_and_white(data.train.spec, ends)) {
    throw Error(ErrorCode::kConflict, "data.binarize has no effect: the data hold two values only",
                "leave it out", {.key = "data.binarize"});
  }
  const auto seed = static_cast<uint32_t>(options.binarize_seed);
  if (options.binarize == "dynamic") data.grey = data.train;
  data.train = binarized(data.train, ends, seed);
  data.train.spec.binarize = options.binarize;
  data.train.spec.binarize_seed = seed;
}

void open_validation(Fs& fs, TrainData& data, const TrainOptions& options, const Limits& limits) {
  DataOptions like_train = options.data;
  like_train.model = data.train.spec;
  const Dataset val = open_dataset(fs, options.hold_out.val, like_train, limits, "test");
  const std::string both = data.fingerprint + "\n" + fingerprint(val);
  data.fingerprint = xxh3_128_label(std::as_bytes(std::span(both)));
  data.val_source = val.source;
  data.val_spec = val.spec;
  data.val = conform(val, data.train.spec);
  data.val_rows.resize(static_cast<size_t>(data.val->num_items()));
  std::iota(data.val_rows.begin(), data.val_rows.end(), int64_t{0});
}

}  // namespace

uint64_t TrainData::num_bytes() const {
  return train.values.num_bytes() + (grey ? grey->values.num_bytes() : 0) +
         (val ? val->values.num_bytes() : 0);
}

double TrainData::known_share() const {
  if (val_rows.empty()) return 0;
  return static_cast<double>(count_known(val_data(), val_rows, train, train_rows)) /
         static_cast<double>(val_rows.size());
}

Dataset TrainData::shown_items(int64_t count) const {
  const Dataset& from = val_rows.empty() ? train : val_data();
  const std::vector<int64_t>& rows = val_rows.empty() ? train_rows : val_rows;
  const size_t shown = std::min(rows.size(), static_cast<size_t>(count));
  return select_rows(from, std::span(rows).first(shown));
}

void refuse_run_folders(Fs& fs, const std::vector<std::string>& arguments) {
  for (const std::string& path : arguments) {
    const bool run =
        fs.stat(join_path(path, "run.json")) && fs.stat(join_path(path, "config.toml"));
    if (!run) continue;
    throw Error(ErrorCode::kUnknownFormat, "this is the folder of a run, not data",
                "a run is a MODEL, which stands in front of DATA; to go on with it: isthmus train "
                "--resume " +
                    quote_path_for_shell(path),
                {.file = path});
  }
}

TrainData open_train_data(Fs& fs, const std::vector<std::string>& arguments, const Dataset* given,
                          const TrainOptions& options) {
  TrainData data;
  if (given == nullptr) refuse_run_folders(fs, arguments);
  Limits limits = options.limits;
  limits.memory_bytes = memory_limit(options.machine);
  data.train =
      given != nullptr ? *given : open_datasets(fs, arguments, options.data, limits, "train");
  data.fingerprint = fingerprint(data.train);
  const std::optional<double> share = validation_share(options.hold_out.val);
  RowSplit split = split_rows(data.train.num_items(), share.value_or(0), options.run.seed);
  data.train_rows = std::move(split.train);
  data.val_rows = std::move(split.validation);
  add_condition(data, options.hold_out.condition);
  binarize(data, options.hold_out);
  measure_parts(data);
  leave_out_constant_columns(data);
  if (!share) open_validation(fs, data, options, limits);
  return data;
}

}  // namespace isthmus
