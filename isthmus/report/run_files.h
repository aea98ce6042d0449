// SPDX-License-Identifier: Apache-2.0
// The files of a run folder as the report reads them: records as values, pictures as bytes.
// Everything in them may come from a stranger; nothing is trusted to be text for HTML.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/json.h"
#include "isthmus/model_file/terms.h"

namespace isthmus {

struct EpochPoint {
  double epoch = 0;
  Terms terms;
};

/// Something that happened: "warning: the decoder ignores the code" and what to do about it.
struct RunEvent {
  std::string text, code, hint;
};

struct RunPicture {
  std::string name;   // "samples", "reconstructions", "interpolation"
  int64_t epoch = 0;  // 0: of the kept model
  Bytes png;
};

struct RunFiles {
  std::string folder;
  Json run;                  // run.json
  std::optional<Json> eval;  // eval.json
  std::optional<Json> look;  // look.json
  std::vector<EpochPoint> train, validation;
  std::vector<RunEvent> events;  // those of metrics.jsonl, then warnings of run.json alone
  std::vector<RunPicture> pictures;

  const RunPicture* picture(const std::string& name) const;  // of the kept model
};

/// Errors: E3001 no such folder or no run.json in it, E4103 records of another shape.
RunFiles read_run(Fs& fs, const std::string& folder);

/// Member of an object by path ("model.name"); nullptr when a step is missing or null.
const Json* member(const Json& json, std::string_view path);
/// NaN, "" or the value.
double number_at(const Json& json, std::string_view path);
std::string text_at(const Json& json, std::string_view path);
/// Terms of an object; further fields, of newer versions, do not matter.
Terms terms_at(const Json& json);

}  // namespace isthmus
