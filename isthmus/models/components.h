// SPDX-License-Identifier: Apache-2.0
// What fitted models share. Principal components of the training items, as many as the model has
// latents, refused where the items do not vary in so many directions; and demands on the data.
#pragma once

#include <span>

#include "isthmus/metrics/pca.h"
#include "isthmus/models/parts.h"

namespace isthmus {

/// Error E2003 with the rank found when it is below the size of the latent, E2202 for items that
/// are all alike. A direction counts from 1e-12 of the largest variance on.
Pca principal_components(const FitRequest& request, double sigma_floor = 0);

/// What that works in: see principal_directions_bytes().
uint64_t principal_components_bytes(const ModelSetup& setup, int64_t num_items);

/// The directions as columns, (D, Z) float32, each times its factor.
Tensor columns_of(const Pca& components, std::span<const double> factors);
/// (N) float32.
Tensor vector_of(std::span<const double> values);

/// Of models that know the item alone. Error E2005 for data with a condition.
void require_no_condition(const ModelSetup& setup);

/// Where the squared error is minimised and no likelihood maximised, nothing would learn a width.
/// Error E2005 for a sigma that is not a number.
void require_fixed_sigma(const ModelSetup& setup);

/// How many classes the model has learned or is to learn. Error E2202 unless there are two.
int64_t num_classes(const ModelSetup& setup);

}  // namespace isthmus
