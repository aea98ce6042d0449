// SPDX-License-Identifier: Apache-2.0
// Words that many operations share: type rules (broadcasting, axes) and reference loops. Operations
// combine them in ops/; nothing here knows a particular operation or runs in a training step.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

/// Where element `index` of a value of shape `out` lies in an input of shape `in`, right-aligned.
/// Allocates nothing: this is also how a device computes its float64 scalars inside a step.
int64_t broadcast_offset(const Shape& in, const Shape& out, int64_t index) {
  int64_t offset = 0, stride = 1;
  for (size_t k = 0; k < out.size() && k < in.size(); ++k) {
    const int64_t size = out[out.size() - 1 - k], own = in[in.size() - 1 - k];
    offset += own == 1 ? 0 : (index % size) * stride;
    stride *= own;
    index /= size;
  }
  return offset;
}

template <class F>
void run_elementwise(const RefCall& c, const F& f) {
  std::array<double, 3> arguments = {};
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < c.out.row_size(); ++i) {
      for (size_t k = 0; k < c.in.size(); ++k) {
        const RefArray& in = *c.in[k];
        arguments[k] = in.row(r)[broadcast_offset(in.type.shape, c.out.type.shape, i)];
      }
      c.out.row(r)[i] = f(arguments.data());
    }
  }
}

}  // namespace

void shape_error(std::string message, std::string hint) {
  throw Error(ErrorCode::kShapeMismatch, std::move(message), std::move(hint));
}

std::string shape_text(const ValueType& type) {
  std::string text = type.extent == Extent::kPerRow ? "(B" : "(";
  bool first = type.extent == Extent::kOnce;
  for (int64_t size : type.shape) {
    text += (first ? "" : ", ") + std::to_string(size);
    first = false;
  }
  return text + ")";
}

std::string type_text(const ValueType& type) {
  return std::string(dtype_name(type.dtype)) + " " + shape_text(type);
}

ValueType per_row(Shape shape) { return {Dtype::kF32, std::move(shape), Extent::kPerRow}; }
ValueType once(Shape shape) { return {Dtype::kF32, std::move(shape), Extent::kOnce}; }
ValueType scalar_type() { return {Dtype::kF64, {}, Extent::kOnce}; }

ValueType result_type(const std::vector<ValueType>& in, Shape shape, Extent extent) {
  const bool wide =
      shape.empty() && extent == Extent::kOnce &&
      std::all_of(in.begin(), in.end(), [](const ValueType& t) { return t.dtype == Dtype::kF64; });
  return {wide ? Dtype::kF64 : Dtype::kF32, std::move(shape), extent};
}

void require_sizes(const Shape& shape) {
  for (int64_t size : shape) {
    if (size < 1)
      shape_error("a size of " + shape_text(shape) + " is not positive", "use sizes of at least 1");
  }
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      shape_error("row shapes do not fit: " + shape_text(a) + " and " + shape_text(b),
                  "from the right, sizes must be equal or 1");
    }
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

ValueType broadcast_types(const Attrs&, const std::vector<ValueType>& in) {
  Shape shape;
  Extent extent = Extent::kOnce;
  for (const ValueType& type : in) {
    shape = broadcast_shapes(shape, type.shape);
    if (type.extent == Extent::kPerRow) extent = Extent::kPerRow;
  }
  return result_type(in, shape, extent);
}

ValueType same_type_as_input(const Attrs&, const std::vector<ValueType>& in) { return in[0]; }

ValueType once_type_of_rows(const Attrs&, const std::vector<ValueType>& in) {
  if (in[0].extent != Extent::kPerRow) {
    shape_error("x has no rows: it is " + shape_text(in[0]),
                "only per-row values can be reduced over the batch");
  }
  return once(in[0].shape);
}

size_t axis_of(const Attrs& attrs, const ValueType& type) {
  const int64_t axis = attrs.integer("axis", -1), rank = static_cast<int64_t>(type.shape.size());
  if (axis >= 0 || axis < -rank) {
    shape_error("axis " + std::to_string(axis) + " of " + shape_text(type) + " does not exist",
                "axes count from the end: -1 is the last; rows are not an axis");
  }
  return static_cast<size_t>(rank + axis);
}

AxisView view_axis(const Shape& shape, size_t axis) {
  AxisView view;
  for (size_t i = 0; i < axis; ++i) view.outer *= shape[i];
  view.size = shape[axis];
  for (size_t i = axis + 1; i < shape.size(); ++i) view.inner *= shape[i];
  return view;
}

void for_each(const AxisView& view, const std::function<void(int64_t, int64_t, int64_t)>& f) {
  for (int64_t i = 0; i < view.outer; ++i) {
    for (int64_t k = 0; k < view.size; ++k) {
      for (int64_t j = 0; j < view.inner; ++j) f(i, k, j);
    }
  }
}

int64_t index_value(double value, int64_t size) {
  const bool valid = value >= 0 && value < static_cast<double>(size) && value == std::floor(value);
  ISTHMUS_CHECK(valid, "an index is not a whole number inside its table");
  return static_cast<int64_t>(value);
}

ReferenceRule elementwise(std::function<double(double)> f) {
  return [f](const RefCall& c) { run_elementwise(c, [&](const double* x) { return f(x[0]); }); };
}

ReferenceRule elementwise(std::function<double(double, double)> f) {
  return
      [f](const RefCall& c) { run_elementwise(c, [&](const double* x) { return f(x[0], x[1]); }); };
}

ReferenceRule elementwise(std::function<double(double, double, double)> f) {
  return [f](const RefCall& c) {
    run_elementwise(c, [&](const double* x) { return f(x[0], x[1], x[2]); });
  };
}

ReferenceRule elementwise_with(std::function<double(const Attrs&, double)> f) {
  return [f](const RefCall& c) {
    run_elementwise(c, [&](const double* x) { return f(c.attrs, x[0]); });
  };
}

}  // namespace isthmus
