// SPDX-License-Identifier: Apache-2.0
// What a path is: data, a model, a checkpoint, a run or a configuration. Looks and validates; it
// never executes, follows or writes anything.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isthmus/cli/command_io.h"

namespace isthmus {

struct InspectOptions {
  bool verify = true;
  bool sha256 = false;
  int64_t rows = 0;
  bool header_only = false;
  DataOptions data;
  static constexpr auto fields() {
    using O = InspectOptions;
    return std::tuple{
        field(&O::verify, "inspect.verify", any_value(), "Check digests and values, too."),
        field(&O::sha256, "inspect.sha256", any_value(), "Print the SHA-256 of files."),
        field(&O::rows, "inspect.rows", between(0, 1000), "Show the first N items of data."),
        field(&O::header_only, "inspect.header_only", any_value(),
              "Read only the header of a model file."),
        nested(&O::data, "data", "Input.")};
  }
};

/// One inspected path: the item of isthmus.inspect/1 and the lines for people.
struct Inspected {
  Json json = Json::object();
  std::vector<std::pair<std::string, std::string>> lines;
  std::vector<Error> errors;

  void line(std::string label, std::string text) {
    lines.emplace_back(std::move(label), std::move(text));
  }
};

/// Kind and format are set; each fills in the rest and throws Error for what is not valid.
void inspect_data(CommandIo& io, const std::string& path, const InspectOptions& options,
                  Inspected& item);
void inspect_safetensors(CommandIo& io, const std::string& path, const InspectOptions& options,
                         Inspected& item);
void inspect_run(CommandIo& io, const std::string& path, const InspectOptions& options,
                 Inspected& item);

}  // namespace isthmus
