// SPDX-License-Identifier: Apache-2.0
// run.json: the result of a run with facts about build and machine. Beside log.txt the only file of
// a run that holds wall time.
#include "isthmus/train/run_record.h"

#include "isthmus/base/clock.h"
#include "isthmus/base/version.h"
#include "isthmus/train/json_run.h"

namespace isthmus {

Json run_json(const TrainResult& result, const std::string& command) {
  Json json = train_json(result);
  json.set("schema", "isthmus.run/1");
  Json layers = Json::array();
  for (const LayerRow& layer : result.summary.layers) {
    layers.push_back(Json::object()
                         .set("name", layer.name)
                         .set("kind", layer.kind)
                         .set("activation", layer.activation)
                         .set("parameters", layer.num_parameters));
  }
  return json.set("layers", std::move(layers))
      .set("build", Json::object()
                        .set("version", kVersion)
                        .set("compiler", __VERSION__)
                        .set("libraries", result.libraries))
      .set("written_at", wall_time_utc())
      .set("reproduce", command.empty() ? Json() : Json(command));
}

}  // namespace isthmus
