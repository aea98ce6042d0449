// SPDX-License-Identifier: Apache-2.0
// The NPY writer, byte for byte what numpy.save writes. The reader is formats/npy.cc.
#include "isthmus/data/npy_write.h"

#include <cstring>

namespace isthmus {
namespace {

std::string shape_tuple(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  if (shape.size() == 1) text += ",";
  return text + ")";
}

}  // namespace

Bytes write_npy(const Tensor& tensor) {
  const Dtype dtype = tensor.dtype();
  ISTHMUS_CHECK(dtype == Dtype::kF32 || dtype == Dtype::kF64 || dtype == Dtype::kU8,
                "NPY is written for f32, f64 and u8");
  const std::string type = dtype == Dtype::kU8 ? "|u1" : dtype == Dtype::kF64 ? "<f8" : "<f4";
  std::string header = "{'descr': '" + type +
                       "', 'fortran_order': False, 'shape': " + shape_tuple(tensor.shape()) + ", }";
  constexpr size_t kAlignment = 64, kPrefix = 10;
  const size_t used = kPrefix + header.size() + 1;
  header.append((kAlignment - used % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string prefix("\x93NUMPY\x01\x00", 8);
  prefix += static_cast<char>(header.size() & 0xff);
  prefix += static_cast<char>(header.size() >> 8);
  const std::string head = prefix + header;
  Bytes bytes(head.size() + tensor.num_bytes());
  std::memcpy(bytes.data(), head.data(), head.size());
  if (tensor.num_bytes() > 0) {
    std::memcpy(bytes.data() + head.size(), tensor.data(), tensor.num_bytes());
  }
  return bytes;
}

}  // namespace isthmus
