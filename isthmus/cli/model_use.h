// SPDX-License-Identifier: Apache-2.0
// What every command on a trained model begins with: load, say what it is, open data for it.
#pragma once

#include <string>

#include "isthmus/cli/command_io.h"
#include "isthmus/model_file/model.h"

namespace isthmus {

/// Loads the first argument and prints one line about it.
Model open_model(CommandIo& io, const std::string& path);

struct OpenedData {
  Dataset data;
  std::string source;  // as the user typed it
};
/// Whether values outside of the likelihood's support are refused, and what is unlike the training
/// data is said; noisy items may be both.
enum class DataSupport : uint8_t { kRequired, kAny };

/// Opens DATA, all arguments behind the first (known names mean their test part), with one line
/// about it. Error E3501 when the model expects other data.
OpenedData open_model_data(CommandIo& io, const Model& model, const DataOptions& options,
                           DataSupport support = DataSupport::kRequired);

Dataset first_items(const Dataset& data, int64_t count);

/// One line about the device.
void print_device(CommandIo& io, const Device& device);

}  // namespace isthmus
