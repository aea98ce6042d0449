// SPDX-License-Identifier: Apache-2.0
// Denoising autoencoder (Vincent et al., ICML 2008): ae that sees corrupted items while it trains
// and has to give back the clean ones. A set of defaults: the corruption is a switch of every model
// with an encoder.
#include "isthmus/models/parts.h"

namespace isthmus {

ModelDef models::denoising_ae() {
  ModelDef def = ae();
  def.name = "denoising_ae";
  def.summary = "ae that gives back clean items from corrupted ones";
  def.help = "to clean new data (isthmus denoise), and for codes that small noise does not move";
  def.source = "Vincent2008";
  def.defaults = {{"model.corruption", "gaussian"}};
  return def;
}

}  // namespace isthmus
