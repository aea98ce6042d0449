// SPDX-License-Identifier: Apache-2.0
// The numbers of training and evaluation, with their signs and units fixed in one place.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isthmus/base/json.h"

namespace isthmus {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Nats per item: summed over values and latents, averaged over items. Unknown values are NaN and
/// become null in JSON. elbo = -(reconstruction + kl), never weighted; objective is what training
/// minimises. A model without a posterior density (ae) has elbo and kl unknown; of an exact density
/// without a code, elbo is log p itself and kl alone unknown.
struct Terms {
  double objective = kUnknown;
  double elbo = kUnknown;
  double elbo_se = kUnknown;  // standard error over items
  double reconstruction = kUnknown;
  double kl = kUnknown;
  std::vector<std::pair<std::string, double>> others = {};  // further terms, in the model's order
  /// What early stopping and the best model compare: elbo, or -reconstruction where there is none,
  /// or -loss where neither is.
  double score() const;
  /// elbo is no bound, but log p.
  bool exact() const { return !std::isnan(elbo) && std::isnan(kl); }
};

/// Whether a name is one of the members above, which every model has.
bool is_common_term(std::string_view name);
/// The number of this name, "elbo" or a further term's; "log_prob" is that of an exact density.
/// kUnknown if there is none.
double term_of(const Terms& terms, std::string_view name);
/// {objective, elbo, elbo_se, reconstruction, kl, further terms...}
Json terms_json(const Terms& terms);
Terms terms_from_json(const Json& json);
/// A number, or kUnknown for null.
double number_or_unknown(const Json& json);
/// Error E4103 for a key of an object that is not in the list: stored documents are strict.
void require_keys(const Json& json, const std::vector<std::string>& keys);

/// A condition such as `elbo>-250`: a name, one of > >= < <=, and a number.
struct Condition {
  std::string name;
  std::string comparison;
  double bound = 0;
  std::string text;  // as the user typed it
  bool met_by(double value) const;
};
/// Error E2003 naming the option `key`; `names` are the allowed names.
Condition parse_condition(const std::string& text, const std::string& key,
                          const std::vector<std::string>& names);

}  // namespace isthmus
