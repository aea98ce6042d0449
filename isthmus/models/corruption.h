// SPDX-License-Identifier: Apache-2.0
// The zoo of corruptions: what is done to the items that an encoder sees while it trains, so that
// it learns the structure instead of the identity; one file each in corruptions/. Any model with an
// encoder takes one (model.corruption), the target stays clean, and no other graph has it. Source:
// Vincent et al. 2010.
#pragma once

#include <string_view>

#include "isthmus/models/parts.h"

namespace isthmus {

struct CorruptionDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  /// x (B, D) on the model's scale -> (B, D), with the noise of stream "corruption": new for each
  /// item and epoch. Error E2003 for a level outside its bounds.
  WithOptions<Value(const ModelBuild&, Value x)> corrupt = {};

  std::vector<BoundOption> options() const { return corrupt.options(); }
};

namespace corruptions {
#define ISTHMUS_ENTRY(name) CorruptionDef name();
#include "isthmus/builtin_corruptions.inc"
#undef ISTHMUS_ENTRY
}  // namespace corruptions

const Registry<CorruptionDef>& all_corruptions();

/// Error E2003 for noise whose deviation, `per_level` times the level, is above kMostNoise times
/// the range of the scaled values: nothing of an item is left in it.
inline constexpr double kMostNoise = 10;
void require_noise(const DataSpec& data, double level, double per_level = 1);

/// x as the setup's corruption leaves it; x itself with "none" and at inference.
Value corrupted(const ModelBuild& b, Value x);

// The level is one option to the user, with a default and bounds of each definition.
inline constexpr std::string_view kLevelKey = "model.corruption_level";
inline constexpr std::string_view kLevelHelp =
    "How strong the corruption is: a share of the values, or a deviation on the model's scale, "
    "where pixels go from 0 to 1 and columns of a standardized table have deviation 1. Raise it "
    "for codes that rest on more of an item, lower it when reconstructions blur.";
inline constexpr Presentation kLevelPresentation = {.metavar = "LEVEL"};
/// Of a share that must leave something of the item.
inline constexpr Bounds kShareBounds = {.low = 0, .high = 1, .low_open = true, .high_open = true};

}  // namespace isthmus
