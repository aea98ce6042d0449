// SPDX-License-Identifier: Apache-2.0
// After which epochs a run draws pictures: epoch 1 always, about ten in all.
#pragma once

#include <cstdint>
#include <string>

namespace isthmus {

/// `samples_every` is `auto`, `none` or a number of epochs. With a known number of epochs auto
/// means every tenth part of them; with an open end 1, 2, 5, 10, 20, 50, 100, ...
bool draws_pictures(const std::string& samples_every, int64_t epoch, int64_t max_epochs,
                    bool open_end);

}  // namespace isthmus
