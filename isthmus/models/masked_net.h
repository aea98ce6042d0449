// SPDX-License-Identifier: Apache-2.0
// Dense networks whose output for a value depends on earlier values alone, by weights that are held
// at 0: one pass gives all conditional distributions of an item. Source: Germain et al. 2015,
// arXiv:1502.03509.
#pragma once

#include <memory>

#include "isthmus/models/parts.h"
#include "isthmus/nn/network.h"

namespace isthmus {

/// Of models whose networks are dense, whatever the items.
struct DenseOptions {
  std::string hidden = "auto";
  std::string activation = "relu";

  static constexpr auto fields() {
    using O = DenseOptions;
    return std::tuple{
        field(&O::hidden, "model.hidden", any_value(),
              "Widths of the hidden layers of each network; none: no hidden layer. Widen them as "
              "long as the validation gains.",
              {.costs_memory = true, .metavar = "256,128"}),
        field(&O::activation, "model.activation", one_of(activation_words),
              "Activation of the hidden layers.")};
  }
};

NetworkOptions network_options(const DenseOptions& options);

/// (B, D) -> (B, P). An output of place p is a function of the inputs of places below p; places
/// count from 1.
class MaskedNet {
 public:
  struct Places {
    std::vector<int64_t> inputs, outputs;
  };
  /// Layers scope/0, scope/1, ...; the last weight starts at 0, so that outputs start at `bias`.
  MaskedNet(const ModelBuild& b, std::string_view scope, const Places& places,
            const NetworkOptions& options);

  Value operator()(const ModelBuild& b, Value x) const;

 private:
  struct Layer {
    Value weight, bias;
    Value from, to;  // places, as a column and as a row
    bool last = false;
  };
  std::string scope_, activation_;
  std::vector<Layer> layers_;
};

/// 1, 2, ..., D.
std::vector<int64_t> natural_places(int64_t num_values);
/// The places of outputs that lie in blocks, one for each value.
std::vector<int64_t> repeated(const std::vector<int64_t>& places, int64_t blocks);

}  // namespace isthmus
