// SPDX-License-Identifier: Apache-2.0
// How each operation runs on each device, asked of compiled programs.
#pragma once

#include <string>

namespace isthmus {

/// A Markdown table: a row per operation, a column per device. Compiles the cases of every
/// operation and a training step of every model, in both precisions.
std::string kernel_table();

}  // namespace isthmus
