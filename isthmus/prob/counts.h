// SPDX-License-Identifier: Apache-2.0
// Counts as data: whole numbers from 0 on, which are not scaled.
#pragma once

#include <string_view>

#include "isthmus/prob/likelihood.h"

namespace isthmus {

/// Error E3404 where values are negative or not whole, naming columns and values, or where they
/// were scaled.
void require_counts(const DataSpec& data, std::string_view likelihood);
Support count_support(const DataSpec& trained, const DataSpec& given);

/// log(1 + x): what an encoder sees of counts, whose largest may be thousands of times the usual.
Value count_view(GraphBuilder& g, Value x);

}  // namespace isthmus
