// SPDX-License-Identifier: Apache-2.0
// Several models measured on the same items, as one page. Numbers are ranked only within what can
// be ranked: masses with masses, densities of one scaling, scores with scores.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {

struct ComparedModel {
  std::string name;     // "vae"
  std::string summary;  // "vae 784-128-(20,20)-20-128-784, relu, bernoulli ..."
  std::string run;      // its folder
  int64_t parameters = 0;
  double seconds = 0;   // of training
  std::string measure;  // "mass" "density" "score"
  EvalResult eval;
};

struct Comparison {
  std::string data;         // "fashion-mnist"
  std::string measured_on;  // "10,000 test items"
  std::vector<ComparedModel> models;
  Bytes picture;                       // PNG, or empty: a row of originals, then one per model
  std::vector<std::string> row_names;  // of the picture
};

/// Offline HTML, readable without JavaScript.
std::string comparison_html(const Comparison& comparison);

}  // namespace isthmus
