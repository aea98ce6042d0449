// SPDX-License-Identifier: Apache-2.0
// The list of networks.
#include "isthmus/nn/net.h"

namespace isthmus {

const Registry<NetDef>& all_nets() {
  static const Registry<NetDef> all({.noun = "network", .key = "model.arch", .usual = "mlp"}, {
#define ISTHMUS_ENTRY(name) nets::name(),
#include "isthmus/builtin_nets.inc"
#undef ISTHMUS_ENTRY
                                                                                              });
  return all;
}

}  // namespace isthmus
