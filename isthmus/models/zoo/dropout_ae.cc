// SPDX-License-Identifier: Apache-2.0
// Dropout autoencoder: ae whose training steps leave out a share of the inputs and of the hidden
// units (Srivastava et al. 2014), against over-fitting. A set of defaults: dropout is an option of
// every network.
#include "isthmus/models/parts.h"

namespace isthmus {

ModelDef models::dropout_ae() {
  ModelDef def = ae();
  def.name = "dropout_ae";
  def.summary = "ae with dropout of inputs and hidden units";
  def.help = "for wide networks on few items, where the validation error of ae rises again";
  def.source = "Srivastava2014";
  def.defaults = {{"model.input_dropout", "0.1"}, {"model.dropout", "0.2"}};
  return def;
}

}  // namespace isthmus
