// SPDX-License-Identifier: Apache-2.0
// A first look at a model of a table, as numbers: real beside sampled columns, their correlations,
// where the items lie in the latent space, the error of each column beside principal components of
// the same size, and the elbo beside references. Computed once at the end of a run and written to
// look.json (schema isthmus.look/1); the report draws it and computes nothing.
#pragma once

#include "isthmus/base/json.h"
#include "isthmus/exec/executor.h"
#include "isthmus/metrics/baselines.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/train/train_data.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

/// Measured on the items that validate, or that train where none does; columns are shown of the
/// same, or of training items where fewer than 200 validate. At most 2,000 items and 64 columns,
/// evenly spread over all; references are fitted to at most 5,000 training items. Same weights and
/// data, same bytes.
Json table_look(Session& session, const TrainData& data);

/// Writes look.json for a table, nothing for other data.
void write_table_look(Session& session, const TrainData& data, RunFolder& folder);

/// Independent columns with the likelihood of a model and its freedom of sigma: the best decoder of
/// this kind that ignores its latents. Of family kNone where there is none.
ColumnsSetup columns_setup(const ModelSetup& setup);

}  // namespace isthmus
