// SPDX-License-Identifier: Apache-2.0
// How good samples and codes are, beyond the terms of the objective: distances of samples to real
// items in a space of features, and what codes say about items. Each number names what it was
// measured with and has a standard error; numbers of different features, sizes or references are
// not compared.
//
//   std::vector<NamedMetric> r = judge(session, test, {.metrics = {"fid", "recall"}});
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

struct JudgeDef {
  std::string_view name, summary, unit;
  std::string_view better;  // "higher" "lower"
  std::string_view source;  // key in docs/references.bib
};
const std::vector<JudgeDef>& all_judgements();
bool is_judgement(std::string_view name);

struct JudgeSettings {
  std::vector<std::string> metrics;
  int64_t samples = 10000;  // drawn, and at most so many items of the data
  /// Whose codes are the features (a classifier, an autoencoder); null: 64 principal components of
  /// the items that are measured on.
  Session* extractor = nullptr;
  const Dataset* train = nullptr;  // the training items, for nearest_ratio
  VerbSettings verb = {};
};

/// In the order asked for. `data` are the reference: test items. Errors: E2003 for another name,
/// E2202 for samples of a model that has none, codes of one without, or a score that the extractor
/// cannot give; E3403 for too few items; E2001 for nearest_ratio without training items.
std::vector<NamedMetric> judge(Session& session, const Dataset& data,
                               const JudgeSettings& settings);

}  // namespace isthmus
