// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: bytes from text, errors by number, fixtures, temporary files.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>

#include "isthmus/base/error.h"
#include "isthmus/base/fs.h"
#include "isthmus/data/narrow.h"

namespace isthmus::testing {

inline Bytes to_bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return Bytes(first, first + text.size());
}
inline std::string to_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string be32(uint32_t v) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(v >> shift & 0xff);
  return text;
}

/// The error that `action` must throw.
template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::kInternal, "none");
}
/// Its number, 0 if there is none.
template <class Action>
int number_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
  return 0;
}

/// Values of any type as float32.
inline std::vector<float> floats_of(const Tensor& values, const Narrowing& narrowing = {}) {
  const Tensor wide = values.dtype() == Dtype::kF64 ? values : widened(values, narrowing);
  std::vector<float> out;
  for (const double v : wide.values<double>()) out.push_back(static_cast<float>(v));
  return out;
}

inline std::string fixture_path(const std::string& name) {
  return std::string(ISTHMUS_SOURCE_DIR) + "/isthmus/data/testdata/" + name;
}
inline Bytes fixture(const std::string& name) {
  return posix_fs().read_file(fixture_path(name), uint64_t{1} << 20);
}
/// A fresh folder below the test's temporary folder.
inline std::string new_folder(const std::string& name) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string path = ::testing::TempDir() + "isthmus_data_" + test->test_suite_name() + "_" +
                           test->name() + "/" + name;
  posix_fs().make_folders(path);
  for (const std::string& file : posix_fs().list_folder(path)) {
    const auto info = posix_fs().stat(join_path(path, file));
    if (info && info->is_regular) posix_fs().remove_file(join_path(path, file));
  }
  return path;
}
inline std::string put(const std::string& folder, const std::string& name, const Bytes& bytes) {
  const std::string path = join_path(folder, name);
  posix_fs().write_file(path, bytes, Durability::kRename);
  return path;
}
inline std::string put(const std::string& folder, const std::string& name, std::string_view text) {
  return put(folder, name, to_bytes(text));
}

}  // namespace isthmus::testing
