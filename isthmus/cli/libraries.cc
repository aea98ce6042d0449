// SPDX-License-Identifier: Apache-2.0
// Asks the dynamic linker which files it has loaded. Versions stand in their names.
#include "isthmus/cli/libraries.h"

#include <link.h>
#include <stdlib.h>

#include <algorithm>

#include "isthmus/base/fs.h"

namespace isthmus {
namespace {

constexpr std::string_view kNames[] = {"dnnl", "gomp", "spng", "stdc++", "xxhash", "z"};

std::string real_path(const char* path) {
  char* resolved = ::realpath(path, nullptr);
  std::string text = resolved != nullptr ? resolved : path;
  ::free(resolved);
  return text;
}

/// "2.6" from "libdnnl.so.2.6".
void note_library(const std::string& file, std::vector<Library>& out) {
  for (std::string_view name : kNames) {
    const std::string start = "lib" + std::string(name) + ".so.";
    if (file.starts_with(start)) out.push_back({std::string(name), file.substr(start.size())});
  }
}

int visit(dl_phdr_info* info, size_t, void* data) {
  if (info->dlpi_name == nullptr || info->dlpi_name[0] == '\0') return 0;
  note_library(file_name(real_path(info->dlpi_name)), *static_cast<std::vector<Library>*>(data));
  return 0;
}

}  // namespace

std::vector<Library> loaded_libraries() {
  std::vector<Library> found;
  dl_iterate_phdr(visit, &found);
  std::sort(found.begin(), found.end(),
            [](const Library& a, const Library& b) { return a.name < b.name; });
  return found;
}

Json libraries_json() {
  Json list = Json::array();
  for (const Library& library : loaded_libraries()) {
    list.push_back(Json::object()
                       .set("name", library.name)
                       .set("built", Json())
                       .set("loaded", library.loaded));
  }
  return list;
}

}  // namespace isthmus
