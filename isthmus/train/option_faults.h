// SPDX-License-Identifier: Apache-2.0
// Options that would be without effect, found one by one and refused together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/train/options.h"

namespace isthmus {

class OptionFaults {
 public:
  /// `options` say which definitions are chosen.
  explicit OptionFaults(const TrainOptions& options);

  /// The option of a chosen definition with this key, or null.
  const BoundOption* chosen_option(std::string_view key) const;
  /// An option of definitions of which none is chosen: "model.beta has no effect on vae; it belongs
  /// to beta_vae", with the hint "add --model beta_vae".
  void add(const BoundOption& option);
  /// A fault in words, the key in front.
  void add(const std::string& fault) { faults_.push_back(fault); }
  /// Error E2005 naming all that were added.
  void refuse() const;

 private:
  OptionFaults(const OptionFaults&) = delete;
  OptionFaults& operator=(const OptionFaults&) = delete;

  TrainOptions options_;
  std::vector<OptionOwner> owners_;
  std::vector<BoundOption> bound_;  // of options_
  std::vector<const OptionOwner*> chosen_;
  std::vector<std::string> faults_, hints_;
};

}  // namespace isthmus
