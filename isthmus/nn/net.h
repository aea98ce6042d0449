// SPDX-License-Identifier: Apache-2.0
// The zoo of networks: how an item becomes numbers and numbers become an item, one file each in
// nets/. Every model takes every network.
#pragma once

#include <string_view>
#include <vector>

#include "isthmus/base/checked.h"
#include "isthmus/base/registry.h"
#include "isthmus/nn/network.h"

namespace isthmus {

/// Channels of the stages of conv and resnet for images of height x width: "32,64".
std::string usual_stages(int64_t height, int64_t width);

/// What an encoder or a decoder is asked for.
struct NetRequest {
  std::string_view scope;  // "encoder"
  Shape item;              // (D), (H, W) or (H, W, C), flat in the graph: (B, ..., values)
  int64_t code = 1;        // outputs of the encoder, inputs of the decoder
  /// Outputs of the decoder for each value of the item, those of all values one behind the other:
  /// first parameters, then second ones.
  int64_t params_per_value = 1;
  bool side_by_side = false;  // instead: those of one value beside each other
  NetworkOptions options;     // hidden from the item's side to the code's
};

/// What lies before the dense layers of an encoder.
struct NetFront {
  CheckedU64 weights = 0;
  int64_t values = 0;  // of an item, where the dense layers begin
};

struct NetDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  bool over_images = false;      // the axes of an item matter: height, width, channels
  /// (B, ..., values) -> (B, ..., code). Error E2003 for options, E2005 for items that it cannot
  /// take.
  WithOptions<Network(const Build&, const NetRequest&)> encoder = {};
  /// (B, ..., code) -> (B, ..., params_per_value * values)
  WithOptions<Network(const Build&, const NetRequest&)> decoder = {};
  /// Of items of this shape, from arithmetic alone; the same errors. Error E3004 beyond 64 bits.
  WithOptions<NetFront(const Shape& item)> front = {};

  std::vector<BoundOption> options() const { return encoder.options(); }
};

namespace nets {
#define ISTHMUS_ENTRY(name) NetDef name();
#include "isthmus/builtin_nets.inc"
#undef ISTHMUS_ENTRY
}  // namespace nets

const Registry<NetDef>& all_nets();

}  // namespace isthmus
