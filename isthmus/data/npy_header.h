// SPDX-License-Identifier: Apache-2.0
// What an NPY file says before its values.
#pragma once

#include "isthmus/data/array_reader.h"

namespace isthmus {

/// Reads to the first value. Errors: E3202, E3203, E3004, E3005.
ArrayLayout read_npy_header(ByteStream& in, const Limits& limits);

}  // namespace isthmus
