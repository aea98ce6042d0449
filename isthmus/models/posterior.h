// SPDX-License-Identifier: Apache-2.0
// The zoo of posteriors: what the outputs of an encoder mean, one file each in posteriors/.
#pragma once

#include <string_view>

#include "isthmus/models/parts.h"

namespace isthmus {

struct PosteriorDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  /// Outputs of the encoder for Z latents; the first Z are means.
  int64_t (*num_heads)(int64_t latent_dim) = nullptr;
  /// Shapes: heads (B, num_heads).
  WithOptions<Distribution(const ModelBuild&, Value heads)> make = {};

  std::vector<BoundOption> options() const { return make.options(); }
};

namespace posteriors {
#define ISTHMUS_ENTRY(name) PosteriorDef name();
#include "isthmus/builtin_posteriors.inc"
#undef ISTHMUS_ENTRY
}  // namespace posteriors

const Registry<PosteriorDef>& all_posteriors();

}  // namespace isthmus
