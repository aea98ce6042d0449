// SPDX-License-Identifier: Apache-2.0
// Numbers that were stored as float32, back as people wrote them.
#pragma once

namespace isthmus {

/// A double that is a float32 becomes the double of the shortest text that gives that float32 back:
/// 0.13, not 0.12999999523162842. Others stay.
double as_written(double value);

}  // namespace isthmus
