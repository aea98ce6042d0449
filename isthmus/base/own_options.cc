// SPDX-License-Identifier: Apache-2.0
// Whose an option is, and which owners are chosen. Values are checked by the owners' own structs.
#include "isthmus/base/own_options.h"

#include <algorithm>

#include "isthmus/base/registry.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

const BoundOption* option_of(const OptionOwner& owner, std::string_view key) {
  for (const BoundOption& option : owner.options) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

/// The check of one key by all owners that have it.
struct Checks {
  std::vector<std::pair<std::string, std::function<void(std::string_view)>>> of;  // owner, set

  /// A value has to suit one of them; else all tell what they want, those that agree together.
  void operator()(std::string_view text) const {
    std::vector<std::pair<std::string, std::string>> wanted;  // hint, owners
    std::optional<Error> first;
    for (const auto& [owner, set] : of) {
      try {
        return set(text);
      } catch (const Error& error) {
        if (!first) first = error;
        const auto same = std::ranges::find(wanted, error.hint(), [](auto& w) { return w.first; });
        if (same == wanted.end()) {
          wanted.emplace_back(error.hint(), owner);
        } else {
          same->second += ", " + owner;
        }
      }
    }
    if (wanted.size() == 1) throw *first;
    std::string hint;
    for (const auto& [what, owners] : wanted) {
      hint += (hint.empty() ? "" : "; ") + owners + ": " + what;
    }
    throw Error(first->code(), first->message(), hint, first->where());
  }
};

/// The same key of another owner: what differs between the two is left to the choice.
void unite(BoundOption& united, const BoundOption& other) {
  if (united.default_text != other.default_text) united.default_text = "auto";
  if (united.bounds != other.bounds) united.bounds.clear();
}

}  // namespace

std::vector<BoundOption> united_options(const std::vector<OptionOwner>& owners) {
  std::vector<BoundOption> united;
  std::map<std::string, Checks> checks;
  for (const OptionOwner& owner : owners) {
    for (const BoundOption& option : owner.options) {
      checks[option.key].of.emplace_back(owner.name, option.set);
      const auto at = std::find_if(united.begin(), united.end(),
                                   [&](const BoundOption& o) { return o.key == option.key; });
      if (at != united.end()) {
        unite(*at, option);
      } else {
        united.push_back(option);
      }
    }
  }
  for (BoundOption& option : united) {
    option.owners = owners_of(owners, option.key);
    option.set = std::move(checks[option.key]);
    option.get = [text = option.default_text] { return text; };
  }
  return united;
}

std::vector<const OptionOwner*> chosen_owners(
    const std::vector<OptionOwner>& owners, const OwnOptions& own,
    const std::function<std::string(std::string_view)>& value_of) {
  std::vector<const OptionOwner*> chosen;
  const auto is_in = [&](const OptionOwner& owner) {
    return std::find(chosen.begin(), chosen.end(), &owner) != chosen.end();
  };
  for (bool more = true; more;) {
    more = false;
    for (const OptionOwner& owner : owners) {
      if (is_in(owner)) continue;
      std::string value = value_of(owner.key);
      if (const BoundOption* option = own_option(chosen, owner.key)) {
        const auto at = own.texts.find(owner.key);
        value = at != own.texts.end() ? at->second : option->default_text;
      }
      if (value != owner.name) continue;
      chosen.push_back(&owner);
      more = true;
    }
  }
  return chosen;
}

const BoundOption* own_option(const std::vector<const OptionOwner*>& chosen, std::string_view key) {
  for (const OptionOwner* owner : chosen) {
    if (const BoundOption* option = option_of(*owner, key)) return option;
  }
  return nullptr;
}

std::string owners_of(const std::vector<OptionOwner>& owners, std::string_view key) {
  std::string names;
  for (const OptionOwner& owner : owners) {
    if (option_of(owner, key) == nullptr) continue;
    names += (names.empty() ? "" : ", ") + owner.name;
  }
  return names;
}

void refuse_name(const RegistryText& text, std::string_view name,
                 const std::vector<std::string>& names) {
  const std::string near = nearest_word(name, names);
  throw Error(ErrorCode::kBadValue,
              "there is no " + std::string(text.noun) + " \"" + std::string(name) + "\"",
              (near.empty() ? std::string() : "did you mean \"" + near + "\"? ") + "there are " +
                  join(names, ", "),
              {.key = std::string(text.key)});
}

}  // namespace isthmus
