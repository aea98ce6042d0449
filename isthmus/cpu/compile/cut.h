// SPDX-License-Identifier: Apache-2.0
// Parts of the third pass that concern kOnce groups: what may be written over the state that it is
// assigned to, and the tiles that a group is cut into.
#pragma once

#include "isthmus/cpu/compile/groups.h"

namespace isthmus {

/// value -> state, where everyone who reads the old state has read it by then.
std::map<uint32_t, uint32_t> find_in_place(const Uses& uses, const Forms& forms,
                                           const std::map<uint32_t, OncePosition>& positions);

/// By stage, the prologue first, and kOnce group.
std::vector<std::vector<TileShape>> cut_tiles(const Uses& uses, const Forms& forms,
                                              const std::map<uint32_t, uint32_t>& in_place);

/// What the chunks of a kOnce group compute: its source, too, if that is elementwise.
std::vector<uint32_t> chunk_nodes(const Uses& uses, const OnceGroup& group);

}  // namespace isthmus
