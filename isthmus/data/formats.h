// SPDX-License-Identifier: Apache-2.0
// File formats of data. A parser is a pure function of bytes and limits, and is itself the entry
// of its fuzz target; the type of a file is told by its content.
//
// A format is one file formats/<name>.cc that defines `FormatDef formats::<name>()`, and one word
// in this room's CMakeLists.txt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// Something that a user should know about how a file was read.
struct ReadWarning {
  std::string code;  // "W3101"
  std::string text;
  std::string hint;
};

/// Content of one file. Stored values are not scaled.
struct ParsedData {
  DataKind kind = DataKind::kArray;
  Tensor values;                              // (N, item...) kU8, kF32 or kF64: see narrow.h
  FlatOrder flat_order = FlatOrder::kUntold;  // of items that --shape has made images
  std::vector<std::string> column_names;      // tables: one per column
  std::vector<std::string> file_columns;  // also those that were not chosen; empty: column_names
  std::vector<int32_t> labels;            // (N) or empty; each is an index of class_names
  std::vector<std::string> class_names;   // of labels 0, 1, ...
  std::string note;                       // what was changed while reading, one sentence
  std::vector<ReadWarning> warnings;
};

enum class TableHeader { kAuto, kYes, kNo };

/// What of a file is wanted. Columns of tables by name or by number from 1; a name wins.
struct ColumnChoice {
  std::vector<std::string> columns = {};  // only these; empty: all
  std::vector<std::string> exclude = {};  // but not these
  std::string label_column = {};          // becomes labels; empty: none
  TableHeader header = TableHeader::kAuto;
  /// What a model needs: these and no others, whatever else the table holds; empty: no model.
  std::vector<std::string> model_columns = {};
  std::vector<std::string> model_extras = {};  // with these where they are numbers
  std::string key = {};                        // array of an archive; empty: the obvious one
  int64_t max_items = INT64_MAX;  // what follows is not read (and not checked, if packed)
  bool holes = false;             // cells without a value become NaN
};

struct FormatDef {
  std::string_view name;                     // "idx"
  std::string_view summary;                  // one line for `isthmus help formats`
  std::vector<std::string_view> extensions;  // file names that fit: "npy", "csv", ...
  /// Does this look like the format? `head` is the decoded beginning, up to 4 KiB.
  bool (*sniff)(std::span<const std::byte> head) = nullptr;
  /// The file may be gzip where the format allows it.
  ParsedData (*parse)(ReadFile& file, const ColumnChoice& choice, const Limits& limits) = nullptr;
};

/// Names of columns that have none: "c1" ... "cN".
std::vector<std::string> numbered_names(int64_t count);

/// All formats, in the order in which they are asked.
const std::vector<FormatDef>& all_formats();
/// nullptr if there is none of that name.
const FormatDef* find_format(std::string_view name);
/// What format_of needs of a file, packed or not.
inline constexpr uint64_t kSniffedBytes = uint64_t{1} << 17;
/// The format of a file that starts with these bytes. E3003 if none fits, with a recipe for
/// well-known foreign formats; E4501 and E4502 for pickles and PyTorch archives, which are never
/// opened.
const FormatDef& format_of(std::span<const std::byte> start);

/// E3212 if there is a key and the format knows none.
void require_key_fits(const std::string& key, const FormatDef& format);

/// IDX, plain or gzip: two zero bytes, type, rank, big-endian sizes and values.
/// Errors: E3201, E3203, E3204, E3402, E3004, E3005, E3006, E3009.
ParsedData parse_idx(ReadFile& file, const ColumnChoice& choice, const Limits& limits);
inline ParsedData parse_idx(std::span<const std::byte> stored, const Limits& limits) {
  MemoryFile file(stored);
  return parse_idx(file, {}, limits);
}
/// NPY 1.0 to 3.0, plain or gzip. Object arrays (pickles) are refused. Errors: as IDX, with E3202.
ParsedData parse_npy(ReadFile& file, const ColumnChoice& choice, const Limits& limits);
inline ParsedData parse_npy(std::span<const std::byte> stored, const Limits& limits) {
  MemoryFile file(stored);
  return parse_npy(file, {}, limits);
}
/// A table of numbers, plain or gzip: RFC 4180 with a sniffed delimiter and an optional header.
/// Errors: E31xx with line and field, E2003, E3401, E3402, E3501, E3004, E3009.
ParsedData parse_csv(ReadFile& file, const ColumnChoice& choice, const Limits& limits);
inline ParsedData parse_csv(std::span<const std::byte> stored, const ColumnChoice& choice,
                            const Limits& limits) {
  MemoryFile file(stored);
  return parse_csv(file, choice, limits);
}
/// Arrays of numpy.savez in a zip archive, stored or deflated; choice.key names one. Errors: E3211,
/// E3212, and those of NPY.
ParsedData parse_npz(ReadFile& file, const ColumnChoice& choice, const Limits& limits);
inline ParsedData parse_npz(std::span<const std::byte> stored, const ColumnChoice& choice,
                            const Limits& limits) {
  MemoryFile file(stored);
  return parse_npz(file, choice, limits);
}
/// One PNG or JPEG image as one item. Errors: E3301, E3305, E3004.
ParsedData parse_image(ReadFile& file, const ColumnChoice& choice, const Limits& limits);
inline ParsedData parse_image(std::span<const std::byte> stored, const Limits& limits) {
  MemoryFile file(stored);
  return parse_image(file, {}, limits);
}

}  // namespace isthmus
