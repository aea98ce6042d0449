// SPDX-License-Identifier: Apache-2.0
// Options that every command has: how isthmus talks (EdgeOptions), and what is common to all
// computing (UseOptions). `train` and `demo` bring the latter themselves.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "isthmus/base/limits.h"
#include "isthmus/base/options.h"
#include "isthmus/train/options.h"

namespace isthmus {

inline std::vector<std::string> color_words() { return {"auto", "always", "never"}; }
inline std::vector<std::string> progress_words() {
  return {"auto", "bar", "plain", "jsonl", "none"};
}

struct EdgeOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool force = false;
  std::string color = "auto";
  std::string progress = "auto";
  std::string config = "none";
  std::vector<std::string> set;
  std::string log_file = "none";

  static constexpr auto fields() {
    using O = EdgeOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        field(&O::json, "json", any_value(), "Print one JSON object on stdout."),
        field(&O::quiet, "quiet", any_value(), "Print nothing but errors.",
              {.flag = "-q", .alias = "--quiet"}),
        field(&O::verbose, "verbose", any_value(), "Print more.",
              {.flag = "-v", .alias = "--verbose", .level = OptionLevel::kRare}),
        field(&O::force, "force", any_value(), "Overwrite existing output files.", rare),
        field(&O::color, "color", one_of(color_words), "Colours on labels.", rare),
        field(&O::progress, "progress", one_of(progress_words), "How progress is shown on stderr.",
              rare),
        field(&O::config, "config", any_value(), "Read options from a TOML file.",
              {.metavar = "FILE"}),
        field(&O::set, "set", any_value(), "Set any option by its key; may be repeated.",
              {.level = OptionLevel::kRare, .metavar = "KEY=VALUE"}),
        field(&O::log_file, "log_file", any_value(), "Also write what stderr shows to this file.",
              {.level = OptionLevel::kRare, .metavar = "FILE"})};
  }
};

struct SeedOptions {
  uint64_t seed = 0;
  static constexpr auto fields() {
    return std::tuple{field(&SeedOptions::seed, "seed", between(0, 9007199254740991.0),
                            "Seed of all random numbers.", {.level = OptionLevel::kRare})};
  }
};

struct UseOptions {
  SeedOptions run;
  MachineOptions machine;
  Limits limits;
  static constexpr auto fields() {
    using O = UseOptions;
    return std::tuple{nested(&O::run, "run", "Seed."), nested(&O::machine, "machine", "Device."),
                      nested(&O::limits, "limits", "Limits on sizes from outside.")};
  }
};

}  // namespace isthmus
