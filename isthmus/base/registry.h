// SPDX-License-Identifier: Apache-2.0
// The definitions of a zoo: one file each, listed once in a CMakeLists.txt.
//
//   const Registry<PriorDef>& all_priors() {
//     static const Registry<PriorDef> all({.noun = "prior", .key = "model.prior", .usual =
//     "normal"}, {
//   #define ISTHMUS_ENTRY(name) priors::name(),
//   #include "isthmus/builtin_priors.inc"
//   #undef ISTHMUS_ENTRY
//     });
//     return all;
//   }
//   all_priors().find("vamp");          // Error E2003 with the nearest name
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isthmus/base/own_options.h"

namespace isthmus {

struct RegistryText {
  std::string_view noun;        // "prior"
  std::string_view key;         // "model.prior": the option whose values are the names
  std::string_view usual = {};  // the one that is there without a choice
};

/// Error E2003 for a name that is not there, with the nearest and all that are.
[[noreturn]] void refuse_name(const RegistryText& text, std::string_view name,
                              const std::vector<std::string>& names);

template <class Def>
class Registry {
 public:
  Registry(RegistryText text, std::vector<Def> all) : text_(text), all_(std::move(all)) {}

  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  size_t size() const { return all_.size(); }
  const RegistryText& text() const { return text_; }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Def& def : all_) names.emplace_back(def.name);
    return names;
  }
  const Def& find(std::string_view name) const {
    for (const Def& def : all_) {
      if (def.name == name) return def;
    }
    refuse_name(text_, name, names());
  }
  /// The options of each definition; for zoos whose definitions have `options()`.
  std::vector<OptionOwner> owners() const {
    std::vector<OptionOwner> owners;
    for (const Def& def : all_) {
      owners.push_back({.zoo = std::string(text_.noun),
                        .key = std::string(text_.key),
                        .name = std::string(def.name),
                        .options = def.options()});
    }
    return owners;
  }

 private:
  RegistryText text_;
  std::vector<Def> all_;
};

}  // namespace isthmus
