// SPDX-License-Identifier: Apache-2.0
// The isthmus.*/1 objects of results, field by field as docs/json.md promises: every field present,
// null where it does not apply. The edge adds `warnings` and `wrote` where it wrote files.
#pragma once

#include <string>
#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/data/dataset.h"
#include "isthmus/model_file/model.h"
#include "isthmus/verbs/denoise.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/inpaint.h"
#include "isthmus/verbs/superresolve.h"

namespace isthmus {

/// {schema, version, warnings}: the start of every object. The edge replaces the empty warnings
/// and, for commands that write files, sets `seconds` and `wrote`.
Json result_object(std::string_view schema);
/// {path, kind, format, shape, dtype, bytes}; shape null for files that are not arrays.
Json wrote_json(const std::string& path, const std::string& kind, const std::string& format,
                const Shape& shape, const std::string& dtype, uint64_t bytes);

Json model_json(const Model& model);
/// Number of classes of the labels; -1 without labels.
int64_t num_classes(const Dataset& data);
/// `source` as the user named it.
Json data_json(const Dataset& data, const std::string& source);
Json device_json(const DeviceInfo& device, Precision precision);

Json eval_json(const EvalResult& result, const Model& model, Json data, Json device);
Json sample_json(const SampleSettings& settings, const Model& model, Json device);
Json encode_json(const Tensor& codes, Quantity quantity, const Model& model, Json data,
                 Json device);
Json decode_json(const Tensor& z, const std::string& source, Quantity quantity, const Model& model,
                 Json device);
/// `layout` is null or {rows, columns}.
Json reconstruct_json(const EvalResult& errors, Quantity quantity, Json layout, const Model& model,
                      Json data, Json device);
/// `comparison` is null without added noise.
Json denoise_json(const DenoiseRun& run, const DenoiseComparison* comparison, const Model& model,
                  Json data, Json device);
/// `comparison` is null without the truth.
Json inpaint_json(const InpaintRun& run, const InpaintComparison* comparison, const Model& model,
                  Json data, Json device);
Json superresolve_json(const SuperresolveRun& run, const SuperresolveComparison* comparison,
                       const Model& model, Json data, Json device);
Json interpolate_json(const InterpolateSettings& settings, const Model& model, Json data,
                      Json device);

}  // namespace isthmus
