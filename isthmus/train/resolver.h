// SPDX-License-Identifier: Apache-2.0
// Options on their way to being settled: values lie in the options, origins and reasons beside
// them. The rules by which something is decided are in choices.cc.
#pragma once

#include <string>
#include <vector>

#include "isthmus/train/choices.h"
#include "isthmus/train/option_faults.h"

namespace isthmus {

class Resolver {
 public:
  Resolver(const TrainOptions& options, const OptionOrigins& origins);

  TrainOptions& options() { return options_; }
  bool is_auto(const std::string& key) { return find_option(bound_, key).get() == "auto"; }
  bool set_by_user(const std::string& key);
  void set(const std::string& key, const std::string& value, const std::string& origin,
           const std::string& reason);
  /// Sets it if it is auto.
  void decide(const std::string& key, const std::string& value, const std::string& reason) {
    if (is_auto(key)) set(key, value, "auto", reason);
  }
  void explain(const std::string& key, const std::string& reason) { choice(key).reason = reason; }
  /// Options of definitions: those of the chosen ones get their values, others are left out.
  /// Error E2005 naming all that the user set and no chosen definition has, or nothing
  /// reads.
  void settle_own_options();
  /// Keys that the user set and this model has no use for.
  std::vector<std::string> without_effect();
  /// Whether the model is fitted without steps.
  bool fitted() const;
  bool takes_latent_dim() const;
  bool takes_sigma() const;
  std::vector<Choice> finish();

 private:
  void drop_options_of_steps(OptionFaults& faults);
  void drop_latent_dim(OptionFaults& faults);
  void drop_sigma(OptionFaults& faults);
  Choice& choice(const std::string& key);

  TrainOptions options_;
  std::vector<BoundOption> bound_;
  std::vector<Choice> choices_;
};

}  // namespace isthmus
