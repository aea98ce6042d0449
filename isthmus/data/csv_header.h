// SPDX-License-Identifier: Apache-2.0
// Whether the first record of a table names its columns or is the first row, told from the rows
// behind it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "isthmus/data/csv_records.h"
#include "isthmus/data/formats.h"

namespace isthmus {

struct HeaderDecision {
  bool header = false;
  std::string doubt;  // what was decided, one sentence, when it could be otherwise; else empty
  std::string hint;   // how to decide otherwise
};

/// Cells of a header are no numbers where later rows are. Numbers in the first record are names
/// where they count evenly (2019, 2020; 0, 1, 2) and the rows below are of another kind: written
/// with decimals, or far away.
HeaderDecision tell_header(const CsvRecord& first, std::span<const CsvRecord> later);

/// The cells of a record as names: blanks around are dropped, line breaks become blanks. They may
/// be empty, doubled or not UTF-8.
std::vector<std::string> names_in(const CsvRecord& record);

}  // namespace isthmus
