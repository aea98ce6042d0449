// SPDX-License-Identifier: Apache-2.0
// Output files of commands: the extension decides the format, and everything that can be wrong
// with a path is found before the work begins.
//
//   const Output output = require_output(io, options.output, {"png", "npy", "csv"});
//   write_items(io, output, items, model.spec(), {.columns = 10});
#pragma once

#include <string>
#include <vector>

#include "isthmus/cli/command_io.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

inline std::vector<std::string> stream_words() { return {"csv", "npy", "jsonl"}; }

template <class O>
constexpr auto output_fields(std::string_view path_help) {
  return std::tuple{field<O, std::string>(&O::path, "path", any_value(), path_help,
                                          {.flag = "-o", .alias = "--out", .metavar = "FILE"}),
                    field<O, std::string>(&O::stdout_format, "stdout_format", one_of(stream_words),
                                          "Format of -o -.", {.level = OptionLevel::kRare}),
                    field<O, bool>(&O::csv_safe, "csv_safe", any_value(),
                                   "Defuse cells of CSV that a spreadsheet would run as formulas.",
                                   {.level = OptionLevel::kRare})};
}

struct OutputOptions {
  std::string path = "none";
  std::string stdout_format = "csv";
  bool csv_safe = false;
  static constexpr auto fields() {
    return output_fields<OutputOptions>(
        "Output; the extension decides the format; - is stdout, a path with / at its end a folder "
        "of PNGs.");
  }
};

/// Of a command that writes no pictures.
struct NumbersOutputOptions : OutputOptions {
  NumbersOutputOptions() = default;  // GCC 12 warns of aggregates with a base
  static constexpr auto fields() {
    return output_fields<NumbersOutputOptions>(
        "Output; the extension decides the format; - is stdout.");
  }
};

struct Output {
  std::string path;
  std::string format;  // "png" "npy" "csv" "jsonl" "folder"
  bool csv_safe = false;
};

/// Errors: E2004 no path, E2007 unknown extension, E2006 it exists and there is no --force, or is a
/// folder with other files than numbered PNGs, E5001 no such folder, E2005 stdout together with
/// --json.
Output require_output(const CommandIo& io, const OutputOptions& options,
                      const std::vector<std::string>& formats);

/// Error E5201 when `count` items of `values` numbers, on their way into this output and beside
/// `held` bytes of data, are over the memory limit; returns the bytes of both. `remedy` is what
/// this command has for it: "write fewer items (-n)".
uint64_t require_output_memory(const CommandIo& io, const Output& output, int64_t count,
                               int64_t values, uint64_t held, std::string_view remedy);

/// Error E2202 for pictures of data that are no images.
void require_pictures(const Output& output, const DataSpec& spec);

/// A table of numbers: float32 (N, D).
void write_table(CommandIo& io, const Output& output, const Tensor& values,
                 const std::vector<std::string>& names);

/// Items on the model's scale, (N, item shape): a grid of pictures, a folder of them (with --force
/// in place of those that are there), or the values as they are stored in the data, with the names
/// and types of the columns.
void write_items(CommandIo& io, const Output& output, const Tensor& items, const DataSpec& spec,
                 int64_t columns);

/// Values as they are stored in the data, (N, item shape), to a file of numbers.
void write_stored(CommandIo& io, const Output& output, const Tensor& stored, const DataSpec& spec);

/// A finished picture.
void write_picture(CommandIo& io, const Output& output, std::span<const std::byte> png);

}  // namespace isthmus
