// SPDX-License-Identifier: Apache-2.0
// Checks of metadata that the reader and require_kind share. Internal to this room.
#pragma once

#include "isthmus/checkpoint/safetensors.h"

namespace isthmus {

/// format = isthmus, and there is a digest.
bool written_by_isthmus(const Metadata& metadata);
/// E4101 no readable version, E4301 newer version, E4302 unknown required feature.
void require_compatible(const Metadata& metadata);

}  // namespace isthmus
