// SPDX-License-Identifier: Apache-2.0
// Data that meet a model that was trained on others: one rule for evaluation, encoding,
// reconstruction and validation about values that the likelihood does not allow, or that do not
// look like those of training.
#pragma once

#include <string>
#include <vector>

#include "isthmus/data/dataset.h"
#include "isthmus/models/model.h"

namespace isthmus {

struct DataWarning {
  std::string code, text, hint;
};

/// conform(), then the support: E3404 when a value lies outside of the likelihood's support by more
/// than a tenth of it.
Dataset fit_to_model(const Dataset& data, const ModelSetup& model);

/// What should be said of data before a model is used on them, from their facts as opened and with
/// the model's columns: W3408 values outside of the support by up to a tenth, other values than the
/// two of a mass, columns far from those of training; W3409 columns that held one value in training
/// and vary here. Error E3404 as fit_to_model().
std::vector<DataWarning> warnings_of(const DataSpec& opened, const DataSpec& fitted,
                                     const ModelSetup& model);

/// W3408 for the condition of new items (see condition_row()) where a column is far from training.
std::vector<DataWarning> warnings_of_given(const ConditionSpec& condition,
                                           const std::vector<std::string>& given);

/// The facts of two parts of one data set together: ranges, and what holds for both.
DataSpec joined_facts(const DataSpec& a, const DataSpec& b);

/// The fields of `opened` that a model of `wanted` has, in its order.
std::vector<FieldSpec> matching_fields(const DataSpec& opened, const DataSpec& wanted);

/// "a, b, c and 4 more": names for people, control bytes escaped.
std::string some_names(const std::vector<std::string>& names);

}  // namespace isthmus
