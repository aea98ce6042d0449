// SPDX-License-Identifier: Apache-2.0
// Checks output paths and turns arrays into files. What the arrays mean is the command's business.
#include "isthmus/cli/outputs.h"

#include <algorithm>

#include "isthmus/base/new_folder.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/item_table.h"
#include "isthmus/data/csv_write.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/image_convert.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/png.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

constexpr size_t kDigits = 5;
constexpr const char* kPictureEnd = ".png";

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string known_text(const std::vector<std::string>& formats) {
  std::vector<std::string> shown;
  for (const std::string& format : formats) {
    shown.push_back(format == "folder" ? "a folder of PNGs (folder/)" : "." + format);
  }
  return "known: " + join(shown, ", ");
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string picture_name(int64_t number) {
  std::string name = std::to_string(number);
  name.insert(0, name.size() < kDigits ? kDigits - name.size() : 0, '0');
  return name + kPictureEnd;
}

bool is_picture_name(std::string_view name) {
  if (!name.ends_with(kPictureEnd)) return false;
  name.remove_suffix(std::string_view(kPictureEnd).size());
  return name.size() >= kDigits &&
         std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

/// What a new folder of pictures takes the place of. Hidden files stay.
std::vector<std::string> pictures_in(Fs& fs, const std::string& path) {
  const auto info = fs.stat(path);
  if (!info || !info->is_folder) return {};
  std::vector<std::string> pictures, others;
  for (const std::string& name : fs.list_folder(path)) {
    if (name.starts_with('.')) continue;
    const auto entry = fs.stat(join_path(path, name));
    const bool is_ours = is_picture_name(name) && entry && !entry->is_folder;
    (is_ours ? pictures : others).push_back(name);
  }
  if (others.empty()) return pictures;
  throw Error(ErrorCode::kOutputExists,
              "the folder holds something else than numbered PNGs, with which new ones "
              "would be mixed: " +
                  escape_for_terminal(shown_list(others)),
              "choose another folder", {.file = path});
}

void require_free(const CommandIo& io, const std::string& path, bool is_folder) {
  const auto info = io.fs().stat(path);
  if (!info) return;
  if (is_folder && info->is_folder && io.fs().list_folder(path).empty()) return;
  if (io.edge.force) {
    if (is_folder) pictures_in(io.fs(), path);
    return;
  }
  throw Error(ErrorCode::kOutputExists, "the output exists already", {}, {.file = path});
}

void require_parent(const CommandIo& io, const std::string& path) {
  const std::string parent = parent_of(path);
  const auto info = io.fs().stat(parent);
  if (info && info->is_folder) return;
  throw Error(ErrorCode::kNoFolder, "the folder " + escape_for_terminal(parent) + " does not exist",
              {}, {.file = path});
}

Output stdout_output(const CommandIo& io, const OutputOptions& options,
                     const std::vector<std::string>& formats) {
  io.take_stdout();
  if (!contains(formats, options.stdout_format)) {
    throw Error(ErrorCode::kUnknownExtension, options.stdout_format + " cannot be written here",
                known_text(formats));
  }
  return {"-", options.stdout_format, options.csv_safe};
}

Json wrote_of(const Output& output, const std::string& kind, const Tensor& values, uint64_t bytes) {
  return wrote_json(output.path, kind, output.format, values.shape(),
                    std::string(dtype_name(values.dtype())), bytes);
}

/// (N, W) of float32, or float64 where the values are.
Tensor as_rows(const Tensor& values) {
  const int64_t rows = values.shape()[0];
  const Shape shape = {rows, rows == 0 ? 0 : values.num_values() / rows};
  if (values.dtype() != Dtype::kU8) return values.reshaped(shape);
  Tensor out(Dtype::kF32, shape);
  std::ranges::copy(values.values<uint8_t>(), out.values<float>().begin());
  return out;
}

template <class T>
std::string jsonl_rows(std::span<const T> cells, size_t width, const ItemTable& table) {
  std::string text;
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t column = i % width;
    text += column == 0 ? (table.named ? "{" : "[") : ",";
    if (table.named) text += Json(escape_for_terminal(table.names[column])).dump() + ":";
    const std::string number =
        table_number(cells[i], !table.integer.empty() && table.integer[column]);
    text += number.empty() ? "null" : number;
    if (column + 1 == width) text += table.named ? "}\n" : "]\n";
  }
  return text;
}

/// One line per row: an object where columns have names, else a list. The numbers are those of CSV.
std::string jsonl_text(const Tensor& values, const ItemTable& table) {
  const auto width = static_cast<size_t>(values.shape()[1]);
  if (values.dtype() == Dtype::kF64) return jsonl_rows(values.values<double>(), width, table);
  return jsonl_rows(values.values<float>(), width, table);
}

/// `values` (N, ...) as a file of numbers.
void write_numbers(CommandIo& io, const Output& output, const Tensor& values,
                   const ItemTable& table, const std::string& kind) {
  Bytes bytes;
  if (output.format == "npy") {
    bytes = write_npy(values);
  } else {
    const Tensor rows = as_rows(values);
    const std::string text =
        output.format == "csv"
            ? write_csv(table.names, rows, {.safe = output.csv_safe, .integer = table.integer})
            : jsonl_text(rows, table);
    const auto raw = std::as_bytes(std::span(text));
    bytes.assign(raw.begin(), raw.end());
  }
  io.write(output.path, bytes, wrote_of(output, kind, values, bytes.size()));
}

const char* png_dtype(const PngHeader& header) { return header.bit_depth == 16 ? "u16" : "u8"; }

void write_folder(CommandIo& io, const Output& output, const Tensor& items, const DataSpec& spec) {
  NewFolder folder(io.fs(), output.path);
  if (io.edge.force) folder.replace(pictures_in(io.fs(), output.path));
  uint64_t total = 0;
  const char* dtype = "u8";
  for (int64_t i = 0; i < items.shape()[0]; ++i) {
    const Bytes png = item_picture(items.rows(i, 1), spec);
    folder.write(picture_name(i), png);
    dtype = png_dtype(read_png_header(png, io.limits()));
    total += png.size();
  }
  folder.keep();
  io.note_written(escape_for_terminal(output.path) + " (" + group_digits(items.shape()[0]) +
                      " PNGs, " + format_bytes(total) + ")",
                  wrote_json(output.path, "pictures", "png", items.shape(), dtype, total));
}

}  // namespace

Output require_output(const CommandIo& io, const OutputOptions& options,
                      const std::vector<std::string>& formats) {
  const std::string& path = options.path;
  if (path == "none" || path.empty()) {
    throw Error(ErrorCode::kMissingArgument, "an output is needed: -o FILE", known_text(formats));
  }
  if (path == "-") return stdout_output(io, options, formats);
  const bool is_folder = path.ends_with('/');
  const std::string format = is_folder ? "folder" : extension(path);
  if (!contains(formats, format)) {
    throw Error(ErrorCode::kUnknownExtension,
                format.empty() ? "the output has no extension"
                               : "\"" + format + "\" is not a format that can be written here",
                known_text(formats), {.file = path});
  }
  const std::string bare = is_folder && path.size() > 1 ? path.substr(0, path.size() - 1) : path;
  require_parent(io, bare);
  require_free(io, bare, is_folder);
  return {path, format, options.csv_safe};
}

uint64_t require_output_memory(const CommandIo& io, const Output& output, int64_t count,
                               int64_t values, uint64_t held, std::string_view remedy) {
  // Model values, stored values, and the file: as many bytes again, or a text while it grows.
  const bool text = output.format == "csv" || output.format == "jsonl";
  const uint64_t per_value = text ? 32 : 12;
  const CheckedU64 bytes = checked_product(std::vector<int64_t>{count, values}) * per_value + held;
  io.require_memory(bytes, group_digits(count) + " items and their data",
                    std::string(remedy) + ", or raise --memory");
  return bytes.value();
}

void require_pictures(const Output& output, const DataSpec& spec) {
  if (output.format != "png" && output.format != "folder") return;
  if (has_pictures(spec)) return;
  throw Error(ErrorCode::kImpossible, "there are no pictures of " + describe_item(spec),
              "write .csv or .npy", {.file = output.path});
}

void write_table(CommandIo& io, const Output& output, const Tensor& values,
                 const std::vector<std::string>& names) {
  write_numbers(io, output, values, {.names = names}, "array");
}

void write_items(CommandIo& io, const Output& output, const Tensor& items, const DataSpec& spec,
                 int64_t columns) {
  if (output.format == "png") return write_picture(io, output, grid_picture(items, spec, columns));
  if (output.format == "folder") return write_folder(io, output, items, spec);
  write_stored(io, output, stored_values(items, spec), spec);
}

void write_stored(CommandIo& io, const Output& output, const Tensor& stored, const DataSpec& spec) {
  const bool flat = output.format == "csv" || output.format == "jsonl";
  if (flat && spec.flat_order == FlatOrder::kChannelsFirst) {  // as the rows of training
    return write_numbers(io, output, with_channels_first(stored), item_table(spec), "data");
  }
  write_numbers(io, output, with_constants(stored, spec), item_table(spec), "data");
}

void write_picture(CommandIo& io, const Output& output, std::span<const std::byte> png) {
  const PngHeader header = read_png_header(png, io.limits());
  Shape shape = {header.height, header.width};
  if (header.colour) shape.push_back(3);
  io.write(output.path, png,
           wrote_json(output.path, "picture", "png", shape, png_dtype(header), png.size()));
}

}  // namespace isthmus
