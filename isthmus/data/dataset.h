// SPDX-License-Identifier: Apache-2.0
// What an example is: a data set in memory, items as stored, unscaled, with facts about them.
//
//   DataOptions options;
//   Dataset train = open_dataset(posix_fs(), "fashion-mnist", options, Limits{}, "train");
//   train.values;       // (60000, 28, 28) u8
//   train.spec.fields;  // one entry: min 0, max 255, mean 72.9, ...
//
// DATA, the argument that users type, is a file, a folder (images, subfolders are classes; or
// the IDX files of a set), a glob, or a known name (known_sets.h). It may end in @train or @test,
// and a file of several arrays in ::KEY. A known name wins over a file of the same name; ./name is
// always the file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/base/options.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

struct BadFile {
  std::string path;
  std::string reason;
};

struct Dataset {
  DataSpec spec;  // shape, kind, fields with facts; scaling is still "none" (see scaling.h)
  Tensor values;  // (N, item_shape...), kU8 or kF32 as spec.narrowing says
  std::vector<int32_t> labels;            // (N), or empty; each is an index of class_names
  std::vector<std::string> class_names;   // of labels 0, 1, ...
  Tensor context;                         // (N, width of spec.condition), or empty
  Tensor absent;                          // as values, u8: 1 where none was there; empty: all were
  std::vector<std::string> file_columns;  // of a table: names, also those that were not chosen
  std::string source;                     // "fashion-mnist", "photos/", "a.csv, b.csv"
  std::string split;                      // "train", "test" or ""
  std::string note;                       // "Debian package dataset-fashion-mnist; ..."
  std::vector<BadFile> bad_files;         // skipped images
  int64_t num_items() const { return values.shape().empty() ? 0 : values.shape()[0]; }
};

/// "auto" and the names of all formats.
std::vector<std::string> format_words();
std::vector<std::string> header_words();  // "auto" "yes" "no"

std::vector<std::string> data_shape_words();  // "auto" "table" "images"
inline std::vector<std::string> channel_words() { return {"auto", "1", "3"}; }
inline std::vector<std::string> layout_words() { return {"auto", "nchw", "nhwc"}; }

struct DataOptions {
  std::string format = "auto";
  std::string as = "auto";
  std::optional<int64_t> limit;
  std::vector<std::string> columns;
  std::vector<std::string> exclude;
  std::optional<std::string> labels;
  std::string header = "auto";
  std::vector<std::string> search_path = {"/usr/share/datasets"};
  double max_bad = 0.01;
  bool strict = false;
  std::string shape = "none";
  std::string layout = "auto";
  std::string resize = "none";
  std::string channels = "auto";
  /// No option: the model that data are opened for. Where shape, layout and resize say nothing,
  /// images follow its items; what that changes is said. Grey becomes colour, or colour grey, by
  /// `channels` only. Columns of a table are read by name, whatever else the table holds.
  std::optional<DataSpec> model;
  /// No option: images keep their size although the model has another (superresolve).
  bool own_size = false;
  /// No option: values that are not there (empty cells, NaN) are read, and told by Dataset::absent.
  bool holes = false;

  static constexpr auto fields() {
    using O = DataOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        field(&O::format, "format", one_of(format_words), "Reader; auto tells it by content."),
        field(
            &O::as, "as", one_of(data_shape_words),
            "What the numbers are: a table has a scale and a sigma for each column, images one for "
            "all pixels; auto: a table for one or two axes, images for three, and for four "
            "with 1 or 3 channels. Set it for pixels in rows, or for columns in a grid.",
            rare),
        field(&O::limit, "limit", at_least(1),
              "Use only the first N items; a table is read no further."),
        field(&O::columns, "columns", any_value(),
              "Use only these columns of a table, by name or by number from 1."),
        field(&O::exclude, "exclude", any_value(), "Leave out these columns of a table."),
        field(&O::labels, "labels", any_value(), "File of labels, or label column of a table."),
        field(&O::header, "header", one_of(header_words),
              "Whether the first row of a table names its columns; auto tells it from the rows "
              "below. Set it when names are numbers, or data look like names."),
        field(&O::search_path, "search_path", any_value(), "Folders of known data sets.", rare),
        field(&O::max_bad, "max_bad", between(0, 1),
              "Share of unreadable images tolerated, such as 1%.", rare),
        field(&O::strict, "strict", any_value(), "Tolerate no unreadable or mended image.", rare),
        field(&O::shape, "shape", any_value(),
              "Read flat items (array rows, table columns) as images of this size: 28x28, 32x32x3 "
              "(channels last) or 3x32x32 (channels first).",
              {.level = OptionLevel::kRare, .metavar = "HxW"}),
        field(&O::layout, "layout", one_of(layout_words),
              "Order of the axes of images in arrays, and of a colour model's images in flat rows: "
              "nchw has channels first, nhwc last; auto takes the end of 1 or 3 for the channels "
              "and says so, rows as in training. Set it when both may be.",
              rare),
        field(
            &O::resize, "resize", any_value(),
            "Bring images to this height and width, smoothed; needed when sizes are mixed, and to "
            "make large images affordable. Sides are stretched, not cut.",
            {.metavar = "HxW"}),
        field(
            &O::channels, "channels", one_of(channel_words),
            "Read images as grey (1: their luma) or colour (3: grey three times); auto: colour "
            "if any is. Set it for a model of the other kind, and for arrays of 4 channels, whose "
            "last is then alpha over white.",
            rare)};
  }
};

/// Opens one DATA. `default_split` ("train" or "test") is taken for known names and folders of IDX
/// files when the argument has no @split. Errors: E30xx to E34xx, E2003, E3501, E4501, E4502.
Dataset open_dataset(Fs& fs, const std::string& data_argument, const DataOptions& options,
                     const Limits& limits, std::string_view default_split);
/// Several DATA of one item shape and type, one after another; tables are matched by column name.
/// E3006 if they do not fit together.
Dataset open_datasets(Fs& fs, const std::vector<std::string>& data_arguments,
                      const DataOptions& options, const Limits& limits,
                      std::string_view default_split);

/// What a caller knows of arrays that it holds in memory.
struct ArrayFields {
  std::vector<std::string> columns = {};      // names of a table's; empty: c1, c2, ...
  std::vector<int32_t> labels = {};           // one per item, each an index of class_names; or none
  std::vector<std::string> class_names = {};  // empty: the numbers
  std::string source = "memory";              // what the data are called
};
/// Items without a file, (N, item shape) of any type: the same data set, bit for bit, as from an
/// .npy file that holds them, with options that arrays have (as, limit, shape, layout, resize,
/// channels). Bytes, and float32 that is not better kept as bytes, are shared, not copied. Errors:
/// E3204, E3306, E3401, E3402, E3006 for names or labels of another number.
Dataset make_dataset(const Tensor& values, const ArrayFields& fields = {},
                     const DataOptions& options = {}, const Limits& limits = {});

/// "xxh3-128:..." over shape and values; equal for equal numbers however they are stored.
std::string fingerprint(const Dataset& dataset);

/// value = (memory - shift) * scale for data.values, with the scaling of a model.
Scaling memory_scaling(const Dataset& data, const DataSpec& model);

/// These items, in this order, with their labels and conditions.
Dataset select_rows(const Dataset& data, std::span<const int64_t> rows);

/// The data as a model with `wanted` expects them, conditions included: table columns by name, in
/// the model's order, further columns dropped; rows of numbers become items of the model's shape.
/// Facts are kept, scaling is `wanted`'s. E3501 naming what differs.
Dataset conform(const Dataset& dataset, const DataSpec& wanted);

}  // namespace isthmus
