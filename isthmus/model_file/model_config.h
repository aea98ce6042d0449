// SPDX-License-Identifier: Apache-2.0
// Options and data facts as JSON inside model files, with strict readers: an unknown key, a wrong
// type or a value out of range is refused with its path (E4103, E4104), before anything is built.
#pragma once

#include <string>
#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/base/limits.h"
#include "isthmus/base/options.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// {"latent_dim": "20", "beta": null, ...}: numbers and flags by type, everything else as text.
Json options_json(const std::vector<BoundOption>& options);
/// Keys that are absent keep their defaults. `path` is the place in the document, for messages.
void read_options(const Json& json, const std::vector<BoundOption>& options,
                  const std::string& path);

Json data_spec_json(const DataSpec& spec);
DataSpec data_spec_from_json(const Json& json, const Limits& limits);

}  // namespace isthmus
