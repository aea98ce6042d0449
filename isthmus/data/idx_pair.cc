// SPDX-License-Identifier: Apache-2.0
// Labels: finding them beside the images of MNIST-like sets and reading a label file of any format.
#include "isthmus/data/idx_pair.h"

#include <array>
#include <cmath>

#include "isthmus/base/fs.h"
#include "isthmus/base/text.h"
#include "isthmus/data/csv_table.h"
#include "isthmus/data/locate.h"
#include "isthmus/data/source_file.h"

namespace isthmus {
namespace {

bool replace_once(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.rfind(from);
  if (at == std::string::npos) return false;
  text.replace(at, from.size(), to);
  return true;
}

std::string folder_part(const std::string& path) {
  return path.substr(0, path.size() - file_name(path).size());
}

/// A table of one column of any text, with or without a header.
Labels labels_from_text(ReadFile& file, int64_t num_items, const Limits& limits) {
  ByteStream in(file);
  CsvRecords records(in, limits);
  records.keep_blanks();
  LabelValues labels("the label file");
  std::vector<std::string> first;
  for (int64_t row = 0; records.next(); ++row) {
    const CsvRecord& record = records.record();
    if (record.num_cells() != 1) {
      throw Error(ErrorCode::kCsvRagged,
                  std::to_string(record.num_cells()) + " fields; a label file has one per line", {},
                  {.line = record.line()});
    }
    if (row == 0) {
      first.emplace_back(record.cell(0));
    } else {
      labels.add(record.cell(0), {.line = record.line(), .column = 1});
    }
    if (labels.count() > num_items) {
      throw Error(ErrorCode::kSizesDisagree,
                  "more than " + group_digits(num_items) + " labels for as many items");
    }
  }
  // One line more than items means that the first line is a header.
  if (!first.empty() && labels.count() != num_items) labels.add_front(first[0]);
  return labels.finish();
}

template <class T>
void add_numbers(const Tensor& values, LabelValues& labels) {
  constexpr double kMaxLabel = 9007199254740992;  // whole numbers are exact up to here
  for (const T value : values.values<T>()) {
    const auto v = static_cast<double>(value);
    const ErrorWhere where{.row = labels.count()};
    if (!(std::fabs(v) < kMaxLabel) || v != std::floor(v)) {
      throw Error(ErrorCode::kValueRange, "label " + print_value(v) + " is not a whole number", {},
                  where);
    }
    labels.add(std::to_string(static_cast<int64_t>(v)), where);
  }
}

Labels labels_from_array(const ParsedData& data) {
  if (data.values.num_values() != data.values.shape()[0]) {
    throw Error(ErrorCode::kArrayShape,
                "labels of shape " + shape_text(data.values.shape()) + "; one per item is needed");
  }
  LabelValues labels("the label file");
  switch (data.values.dtype()) {
    case Dtype::kU8:
      add_numbers<uint8_t>(data.values, labels);
      break;
    case Dtype::kF64:
      add_numbers<double>(data.values, labels);
      break;
    default:
      add_numbers<float>(data.values, labels);
  }
  return labels.finish();
}

Labels parse_labels(SourceFile& source, const std::string& key, int64_t num_items,
                    const Limits& limits) {
  const FormatDef& format = format_of(source.start());
  require_key_fits(key, format);
  const std::unique_ptr<ReadFile> file = source.take();
  if (format.name == "csv") return labels_from_text(*file, num_items, limits);
  return labels_from_array(format.parse(*file, {.key = key}, limits));
}

}  // namespace

std::optional<std::string> find_maybe_gz(Fs& fs, const std::string& path) {
  for (const std::string& candidate : {path, path + ".gz"}) {
    const auto info = fs.stat(candidate);
    if (info && info->is_regular) return candidate;
  }
  return std::nullopt;
}

std::optional<std::string> find_labels_beside(Fs& fs, const std::string& images_path) {
  std::string name = file_name(images_path);
  if (!replace_once(name, "images", "labels") || !replace_once(name, "idx3", "idx1")) {
    return std::nullopt;
  }
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return find_maybe_gz(fs, folder_part(images_path) + name);
}

std::optional<std::string> find_idx_images(Fs& fs, const std::string& folder,
                                           std::string_view split) {
  const std::array<std::string_view, 2> stems =
      split == "test" ? std::array<std::string_view, 2>{"t10k", "test"}
                      : std::array<std::string_view, 2>{"train", "training"};
  for (const std::string_view stem : stems) {
    for (const std::string_view tail : {"-images-idx3-ubyte", "-images.idx3-ubyte"}) {
      const auto found = find_maybe_gz(fs, join_path(folder, std::string(stem).append(tail)));
      if (found) return found;
    }
  }
  return std::nullopt;
}

Labels read_labels(Fs& fs, const std::string& path, int64_t num_items, const Limits& limits) {
  try {
    const FileAndKey parts = split_key(fs, path);
    SourceFile source(fs, parts.path, limits);
    Labels labels = parse_labels(source, parts.key, num_items, limits);
    const auto count = static_cast<int64_t>(labels.values.size());
    if (count != num_items) {
      throw Error(ErrorCode::kSizesDisagree,
                  group_digits(count) + " labels for " + group_digits(num_items) + " items");
    }
    return labels;
  } catch (Error& error) {
    error.in_file(path);
    throw;
  }
}

}  // namespace isthmus
