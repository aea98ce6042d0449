// SPDX-License-Identifier: Apache-2.0
// From what a reader gave to a Dataset: the last step for files and for arrays in memory.
#pragma once

#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"

namespace isthmus {

/// Cut to options.limit, regarded as options.as, narrowed and measured. The note is what the reader
/// has changed; source and split are the caller's.
Dataset dataset_of(ParsedData parsed, const DataOptions& options);

}  // namespace isthmus
