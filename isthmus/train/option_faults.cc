// SPDX-License-Identifier: Apache-2.0
// Whose an option is, told to who set it in vain.
#include "isthmus/train/option_faults.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/models/model.h"

namespace isthmus {
namespace {

std::vector<OptionOwner> all_owners() {
  std::vector<OptionOwner> owners = model_option_owners();
  for (const OptionOwner& owner : optimizer_option_owners()) owners.push_back(owner);
  return owners;
}

/// The value of an option that no definition owns.
std::string plain(const std::vector<BoundOption>& options, std::string_view key) {
  for (const BoundOption& option : options) {
    if (option.key == key && option.owners.empty()) return option.get();
  }
  return "";
}

OwnOptions all_texts(const TrainOptions& options) {
  OwnOptions texts = options.own;
  texts.texts.insert(options.optimizer.own.texts.begin(), options.optimizer.own.texts.end());
  return texts;
}

}  // namespace

OptionFaults::OptionFaults(const TrainOptions& options)
    : options_(options),
      owners_(all_owners()),
      bound_(bind_options(options_)),
      chosen_(chosen_owners(owners_, all_texts(options_),
                            [&](std::string_view key) { return plain(bound_, key); })) {}

const BoundOption* OptionFaults::chosen_option(std::string_view key) const {
  return own_option(chosen_, key);
}

void OptionFaults::add(const BoundOption& option) {
  const auto owner = std::ranges::find_if(
      owners_, [&](const OptionOwner& o) { return own_option({&o}, option.key) != nullptr; });
  std::string subject = options_.model.name;
  if (owner->zoo != all_models().text().noun) {
    const std::string word = plain(bound_, owner->key);  // "none" is chosen, but no definition
    if (!word.empty()) subject = owner->zoo + " " + word;
    for (const OptionOwner* other : chosen_) {
      if (other->zoo == owner->zoo) subject = other->zoo + " " + other->name;
    }
  }
  faults_.push_back(option.key + " has no effect on " + subject + "; it belongs to " +
                    owners_of(owners_, option.key));
  hints_.push_back("add " + find_option(bound_, owner->key).flag + " " + owner->name);
}

void OptionFaults::refuse() const {
  if (faults_.empty()) return;
  throw Error(ErrorCode::kConflict, join(faults_, "; "),
              "leave it out" + (hints_.empty() ? std::string() : ", or " + join(hints_, "; ")),
              {.key = faults_.front().substr(0, faults_.front().find_first_of(" ,"))});
}

}  // namespace isthmus
