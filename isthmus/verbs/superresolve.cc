// SPDX-License-Identifier: Apache-2.0
// Block means as evidence for chains of codes.
#include "isthmus/verbs/superresolve.h"

#include "isthmus/data/arrange.h"

namespace isthmus {

void require_resolution(const DataSpec& spec) {
  if (spec.kind == DataKind::kImage && spec.item_shape.size() >= 2) return;
  throw Error(ErrorCode::kImpossible,
              "the model is one of " + describe_item(spec) + ", which have no resolution",
              "superresolve needs a model of images", {.key = "model"});
}

int64_t factor_of(const DataSpec& spec, const Shape& small) {
  require_resolution(spec);
  const Shape& item = spec.item_shape;
  const Shape given(small.begin() + 1, small.end());
  if (given.size() == 2 || (given.size() == 3 && given[2] == 3)) {
    require_channels(given.size() == 3 ? 3 : 1, spec);
  }
  const bool alike = given.size() == item.size() && (item.size() < 3 || given[2] == item[2]) &&
                     given[0] > 0 && item[0] % given[0] == 0 && given[1] > 0 &&
                     item[1] % given[1] == 0 && item[0] / given[0] == item[1] / given[1];
  if (!alike || item[0] == given[0]) {
    throw Error(ErrorCode::kDataMismatch,
                "the items are " + item_shape_text(given) + "; the model's images of " +
                    item_shape_text(item) + " are not larger by a whole factor",
                "give images of " + item_shape_text(item) +
                    " divided by 2, 3, ... in height and width; for whole images say --factor 2");
  }
  return item[0] / given[0];
}

Completion superresolve(Session& session, const Tensor& small, const Tensor& context,
                        const std::optional<double>& sigma, const CompletionSettings& settings) {
  const Model& model = session.model();
  const Evidence evidence = {.factor = factor_of(model.spec(), small.shape()), .sigma = sigma};
  NamedInputs inputs = {{"blocks", small}};
  if (model.spec().condition.width() > 0) inputs.emplace_back("context", context);
  const Tensor guess = enlarge_bicubic(small, evidence.factor);
  return complete(session, evidence, inputs, guess, settings, "superresolve");
}

}  // namespace isthmus
