// SPDX-License-Identifier: Apache-2.0
// Options that belong to a definition of a zoo. The definition declares them as a struct, with full
// keys; the settings of a program hold them as texts, because which definitions are chosen is known
// only there. An option that none of the chosen definitions has is refused, not ignored.
//
//   struct BetaVaeOptions {
//     double beta = 4;
//     static constexpr auto fields() {
//       return std::tuple{field(&BetaVaeOptions::beta, "model.beta", at_least(0), "Weight of
//       kl.")};
//     }
//   };
//   Parts make_beta_vae(ModelBuild& b, const BetaVaeOptions& o);
//   ModelDef def{.name = "beta_vae", .make = make_beta_vae};     // WithOptions<Parts(ModelBuild&)>
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/options.h"

namespace isthmus {

/// One definition and its options.
struct OptionOwner {
  std::string zoo;   // "prior"
  std::string key;   // "model.prior": the owner is chosen when this option has its name
  std::string name;  // "vamp"
  std::vector<BoundOption> options;
};

/// Options as a program offers them: every key once. What owners do not agree on (a default) is
/// "auto"; a value has to suit one of them.
std::vector<BoundOption> united_options(const std::vector<OptionOwner>& owners);

/// The owners that the values of options choose. `value_of` gives the value of a key that does not
/// belong to an owner ("model.name"), and "" for others; own keys count when a chosen owner has
/// them.
std::vector<const OptionOwner*> chosen_owners(
    const std::vector<OptionOwner>& owners, const OwnOptions& own,
    const std::function<std::string(std::string_view)>& value_of);

/// The option of a chosen owner with this key, or null.
const BoundOption* own_option(const std::vector<const OptionOwner*>& chosen, std::string_view key);

/// "beta_vae" or "beta_vae, rae_l2": whose a key is.
std::string owners_of(const std::vector<OptionOwner>& owners, std::string_view key);

/// The struct of a definition, filled from texts; other keys are left alone. Error E2003.
template <class O>
O read_own(const OwnOptions& own) {
  O values;
  for (const BoundOption& option : bind_options(values)) {
    const auto at = own.texts.find(option.key);
    if (at != own.texts.end()) option.set(at->second);
  }
  return values;
}

/// The options of a struct without anybody's values: `set` only checks, `get` gives the default.
template <class O>
std::vector<BoundOption> described_options() {
  const auto values = std::make_shared<O>();
  std::vector<BoundOption> described = bind_options(*values);
  for (BoundOption& option : described) {
    option.set = [values, set = option.set](std::string_view text) { set(text); };
    option.get = [text = option.default_text] { return text; };
  }
  return described;
}

/// A rule of a definition together with the options that it takes, if any.
template <class Signature>
class WithOptions;

template <class R, class... A>
class WithOptions<R(A...)> {
 public:
  WithOptions() = default;
  WithOptions(R (*rule)(A...))
      : rule_([rule](A... args, const OwnOptions&) { return rule(std::forward<A>(args)...); }) {}
  template <class O>
  WithOptions(R (*rule)(A..., const O&))
      : rule_([rule](A... args, const OwnOptions& own) {
          return rule(std::forward<A>(args)..., read_own<O>(own));
        }),
        options_(described_options<O>) {}

  explicit operator bool() const { return static_cast<bool>(rule_); }
  R operator()(A... args, const OwnOptions& own) const {
    return rule_(std::forward<A>(args)..., own);
  }
  std::vector<BoundOption> options() const {
    return options_ != nullptr ? options_() : std::vector<BoundOption>{};
  }

 private:
  std::function<R(A..., const OwnOptions&)> rule_;
  std::vector<BoundOption> (*options_)() = nullptr;
};

}  // namespace isthmus
