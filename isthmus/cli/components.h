// SPDX-License-Identifier: Apache-2.0
// One page that lists every definition of every zoo with its options: docs/components.md.
#pragma once

#include <string>

namespace isthmus {

/// Markdown, made from the registries: what each is, when to use it, its own options with their
/// defaults, its source.
std::string components_page();

}  // namespace isthmus
