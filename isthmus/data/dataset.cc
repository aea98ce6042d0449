// SPDX-License-Identifier: Apache-2.0
// From the DATA argument to a Dataset: locate, read the parts, add labels, join, cut to the limit,
// measure. The formats themselves are in formats/, folders of images in image_folder.cc.
#include "isthmus/data/dataset.h"

#include <algorithm>
#include <array>

#include "isthmus/base/digest.h"
#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/data/arrange.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/idx_pair.h"
#include "isthmus/data/image_file.h"
#include "isthmus/data/image_folder.h"
#include "isthmus/data/join.h"
#include "isthmus/data/locate.h"
#include "isthmus/data/narrow.h"
#include "isthmus/data/parsed_dataset.h"
#include "isthmus/data/source_file.h"

namespace isthmus {
namespace {

bool is_file(Fs& fs, const std::string& path) {
  const auto info = fs.stat(path);
  return info && !info->is_folder;
}
bool is_regular(Fs& fs, const std::string& path) {
  const auto info = fs.stat(path);
  return info && info->is_regular;
}
bool is_folder(Fs& fs, const std::string& path) {
  const auto info = fs.stat(path);
  return info && info->is_folder;
}

/// The subfolder that holds a split by one of its usual names; "" if there is none.
std::string part_of(Fs& fs, const std::string& folder, std::string_view split) {
  constexpr std::array<std::string_view, 4> kTrain = {"train", "training"};
  constexpr std::array<std::string_view, 4> kTest = {"test", "val", "valid", "validation"};
  for (const std::string_view name : split == "train" ? kTrain : kTest) {
    if (!name.empty() && is_folder(fs, join_path(folder, name))) return join_path(folder, name);
  }
  return {};
}

void append_note(std::string& notes, std::string_view note) {
  if (note.empty()) return;
  if (!notes.empty()) notes += "; ";
  notes += note;
}

void warn_extension(const std::string& path, const FormatDef& format) {
  const std::string ending = extension(path);
  const auto fits = [&](const FormatDef& f) {
    return std::find(f.extensions.begin(), f.extensions.end(), ending) != f.extensions.end();
  };
  if (fits(format)) return;
  for (const FormatDef& other : all_formats()) {
    if (!fits(other)) continue;
    log_warning("W3003",
                escape_for_terminal(path) + " is named like " + std::string(other.name) +
                    ", but its content is " + std::string(format.name),
                "it is read as " + std::string(format.name));
    return;
  }
}

/// The known names of labels that were stored as numbers.
void name_classes(std::vector<std::string>& classes, std::span<const std::string> known) {
  for (std::string& name : classes) {
    for (size_t i = 0; i < known.size(); ++i) {
      if (name != std::to_string(i)) continue;
      name = known[i];
      break;
    }
  }
}

class Loader {
 public:
  Loader(Fs& fs, const DataOptions& options, const Limits& limits)
      : fs_(fs), options_(options), limits_(limits) {}

  /// Reads one DATA; appends its parts to the result.
  void add(const std::string& argument, std::string_view default_split) {
    const DataLocation location = locate(fs_, argument);
    split_ = location.split;
    switch (location.kind) {
      case DataLocation::Kind::kKnownSet:
        if (split_.empty()) split_ = default_split;
        add_known_set(*location.set);
        break;
      case DataLocation::Kind::kFolder:
        add_folder(location.paths[0], default_split);
        break;
      case DataLocation::Kind::kFiles:
        add_files(location);
        break;
    }
    sources_.push_back(location.key.empty() ? location.name : location.name + "::" + location.key);
    if (!splits_.empty() && splits_.back() != split_) mixed_splits_ = true;
    splits_.push_back(split_);
  }

  Dataset finish() {
    ParsedData all = join_parts(std::move(parts_));
    add_label_file(all);
    const std::string source = join(sources_, ", ");
    Dataset dataset = made_dataset(std::move(all), source);
    dataset.source = source;
    dataset.split = mixed_splits_ ? "" : splits_.back();
    append_note(note_, dataset.note);
    dataset.note = std::move(note_);
    dataset.bad_files = std::move(bad_);
    return dataset;
  }

 private:
  Dataset made_dataset(ParsedData all, const std::string& source) const {
    try {
      return dataset_of(std::move(all), options_);
    } catch (Error& error) {
      error.in_file(source);
      throw;
    }
  }

  bool label_column() const {
    return options_.labels && !is_file(fs_, split_key(fs_, *options_.labels).path);
  }

  void add_known_set(const KnownSet& set) {
    add_file(images_of(fs_, set, split_, options_.search_path));
    name_classes(parts_.back().data.class_names, set.class_names);
    if (!set.package.empty()) append_note(note_, "Debian package " + std::string(set.package));
  }

  void add_folder(const std::string& folder, std::string_view default_split) {
    const std::string split = split_.empty() ? std::string(default_split) : split_;
    if (const auto images = find_idx_images(fs_, folder, split)) {
      split_ = split;
      return add_file(*images);
    }
    const std::string part = part_of(fs_, folder, split);
    const bool parted =
        !part_of(fs_, folder, "train").empty() && !part_of(fs_, folder, "test").empty();
    if (!split_.empty() && part.empty()) {
      throw Error(ErrorCode::kFileMissing, "the folder has no part \"" + split_ + "\"",
                  "leave out @" + split_, {.file = folder});
    }
    const bool use_part = parted || !split_.empty();
    if (use_part) split_ = split;
    add_images(list_images(fs_, use_part ? part : folder), use_part ? part : folder);
  }

  void add_files(const DataLocation& location) {
    std::vector<std::string> files = location.paths;
    if (files.size() > 1)
      std::erase_if(files, [this](const std::string& path) { return is_folder(fs_, path); });
    if (files.empty()) {
      throw Error(ErrorCode::kFileMissing, "only folders match this pattern", {},
                  {.file = location.name});
    }
    const bool all_images = std::all_of(files.begin(), files.end(), [](const std::string& path) {
      return is_image_extension(extension(path));
    });
    if (all_images && files.size() > 1) {
      ImageList images{.paths = files};
      images.num_special = static_cast<int64_t>(std::erase_if(
          images.paths, [this](const std::string& path) { return !is_regular(fs_, path); }));
      return add_images(std::move(images), location.name);
    }
    for (const std::string& path : files) add_file(path, location.key);
  }

  void add_images(ImageList images, const std::string& folder) {
    require_images(images, folder);
    if (options_.format != "auto" && options_.format != "png" && options_.format != "jpeg") {
      throw Error(ErrorCode::kConflict, "a folder of images cannot be read as " + options_.format);
    }
    refuse_column_options("png");
    if (options_.shape != "none" || options_.layout != "auto") {
      throw Error(ErrorCode::kConflict, "--shape and --layout are for arrays and tables",
                  "images of a folder change their size with --resize", {.file = folder});
    }
    if (options_.limit && *options_.limit < static_cast<int64_t>(images.paths.size())) {
      images.paths.resize(static_cast<size_t>(*options_.limit));
      if (!images.labels.empty()) images.labels.resize(images.paths.size());
    }
    parts_.push_back({folder, read_images(fs_, images, options_, limits_, bad_)});
  }

  void refuse_column_options(std::string_view format) const {
    if (format == "csv") return;
    const bool missing_file = label_column();
    if (missing_file) {
      throw Error(ErrorCode::kFileMissing, "the label file does not exist", {},
                  {.file = *options_.labels, .key = "data.labels"});
    }
    if (options_.columns.empty() && options_.exclude.empty()) return;
    throw Error(ErrorCode::kConflict,
                "columns can be chosen from CSV tables only, this is " + std::string(format), {},
                {.key = options_.columns.empty() ? "data.exclude" : "data.columns"});
  }

  void add_file(const std::string& path, const std::string& key = {}) {
    const auto beside = options_.labels ? std::nullopt : find_labels_beside(fs_, path);
    try {
      SourceFile source(fs_, path, limits_);
      const FormatDef& format =
          options_.format == "auto" ? format_of(source.start()) : *find_format(options_.format);
      warn_extension(path, format);
      refuse_column_options(format.name);
      require_key_fits(key, format);
      ColumnChoice choice = column_choice();
      choice.key = key;
      // Labels in a file of their own are compared with the number of all items.
      const bool own_labels = options_.labels ? !label_column() : beside.has_value();
      if (options_.limit && !own_labels) choice.max_items = *options_.limit;
      parts_.push_back({path, format.parse(*source.take(), choice, limits_)});
      for (const ReadWarning& warning : parts_.back().data.warnings) {
        log_warning(warning.code, escape_for_terminal(path) + ": " + warning.text, warning.hint);
      }
      arrange_items(parts_.back().data, arrangement_of(format), limits_);
    } catch (Error& error) {
      error.in_file(path);
      throw;
    }
    ParsedData& data = parts_.back().data;
    if (!beside) return;
    Labels labels = read_labels(fs_, *beside, data.values.shape()[0], limits_);
    data.labels = std::move(labels.values);
    data.class_names = std::move(labels.class_names);
  }

  /// The axes of a picture are known, those of an array may have to be told.
  DataOptions arrangement_of(const FormatDef& format) const {
    static constexpr decltype(FormatDef::parse) kPicture = parse_image;
    DataOptions options = options_;
    if (format.parse == kPicture && options.layout == "auto") options.layout = "nhwc";
    return options;
  }

  ColumnChoice column_choice() const {
    ColumnChoice choice{.columns = options_.columns, .exclude = options_.exclude};
    choice.holes = options_.holes;
    if (label_column()) choice.label_column = *options_.labels;
    if (options_.header == "yes") choice.header = TableHeader::kYes;
    if (options_.header == "no") choice.header = TableHeader::kNo;
    if (options_.model && options_.model->kind == DataKind::kTable) {
      for (const FieldSpec& field : options_.model->fields) {
        choice.model_columns.push_back(field.name);
      }
      for (const std::string& name : options_.model->condition.columns) {
        choice.model_columns.push_back(name);
      }
      for (const ConstantColumn& column : options_.model->constants) {
        choice.model_extras.push_back(column.name);
      }
    }
    return choice;
  }

  void add_label_file(ParsedData& all) const {
    if (!options_.labels || label_column()) return;
    Labels labels = read_labels(fs_, *options_.labels, all.values.shape()[0], limits_);
    all.labels = std::move(labels.values);
    all.class_names = std::move(labels.class_names);
  }

  Fs& fs_;
  const DataOptions& options_;
  const Limits& limits_;
  std::vector<NamedPart> parts_;
  std::vector<std::string> sources_, splits_;
  std::vector<BadFile> bad_;
  std::string split_, note_;
  bool mixed_splits_ = false;
};

}  // namespace

std::vector<std::string> data_shape_words() { return {"auto", "table", "images"}; }

std::vector<std::string> format_words() {
  std::vector<std::string> words = {"auto"};
  for (const FormatDef& format : all_formats()) words.emplace_back(format.name);
  return words;
}

std::vector<std::string> header_words() { return {"auto", "yes", "no"}; }

Dataset open_dataset(Fs& fs, const std::string& data_argument, const DataOptions& options,
                     const Limits& limits, std::string_view default_split) {
  return open_datasets(fs, {data_argument}, options, limits, default_split);
}

Dataset open_datasets(Fs& fs, const std::vector<std::string>& data_arguments,
                      const DataOptions& options, const Limits& limits,
                      std::string_view default_split) {
  if (data_arguments.empty()) throw Error(ErrorCode::kMissingArgument, "no DATA was given");
  Loader loader(fs, options, limits);
  for (const std::string& argument : data_arguments) loader.add(argument, default_split);
  return loader.finish();
}

Dataset select_rows(const Dataset& data, std::span<const int64_t> rows) {
  const auto selected = [&](const Tensor& from) {
    Shape shape = from.shape();
    shape[0] = static_cast<int64_t>(rows.size());
    Tensor to(from.dtype(), shape);
    const uint64_t bytes = from.num_bytes() / static_cast<uint64_t>(from.shape()[0]);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(from.data() + static_cast<uint64_t>(rows[i]) * bytes, bytes,
                  to.data() + i * bytes);
    }
    return to;
  };
  Dataset chosen;
  chosen.spec = data.spec;
  chosen.source = data.source;
  chosen.class_names = data.class_names;
  chosen.values = selected(data.values);
  if (data.context.shape().size() == 2) chosen.context = selected(data.context);
  if (data.absent.num_values() > 0) chosen.absent = selected(data.absent);
  for (const int64_t row : rows) {
    if (!data.labels.empty()) chosen.labels.push_back(data.labels[static_cast<size_t>(row)]);
  }
  return chosen;
}

Scaling memory_scaling(const Dataset& data, const DataSpec& model) {
  return memory_scaling(model.scaling, data.spec.narrowing);
}

std::string fingerprint(const Dataset& dataset) {
  const std::string header = std::string(dtype_name(dataset.values.dtype())) + " " +
                             shape_text(dataset.values.shape()) + "\n";
  Xxh3Stream stream;
  stream.update(std::as_bytes(std::span(header)));
  stream.update(dataset.values.bytes());
  const Narrowing& narrowing = dataset.spec.narrowing;
  stream.update(std::as_bytes(std::span(narrowing.origin)));
  stream.update(std::as_bytes(std::span(narrowing.unit)));
  return stream.label();
}

}  // namespace isthmus
