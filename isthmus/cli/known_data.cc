// SPDX-License-Identifier: Apache-2.0
// Known data sets as JSON.
#include "isthmus/cli/known_data.h"

namespace isthmus {

Json known_sets_json(Fs& fs, const std::vector<std::string>& search_path) {
  Json list = Json::array();
  for (const KnownSet& set : known_sets()) {
    const auto folder = folder_of(fs, set, search_path);
    int64_t items = 0;
    for (const KnownSplit& split : set.splits) items += split.num_items;
    Json shape = Json::array();
    for (int64_t size : set.item_shape) shape.push_back(size);
    list.push_back(Json::object()
                       .set("name", set.name)
                       .set("found", folder.has_value())
                       .set("path", folder ? Json(*folder) : Json())
                       .set("package", set.package)
                       .set("install", set.install)
                       .set("n", items)
                       .set("shape", std::move(shape))
                       .set("licence", set.licence));
  }
  return list;
}

}  // namespace isthmus
