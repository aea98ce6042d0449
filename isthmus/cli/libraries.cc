// SPDX-License-Identifier: Apache-2.0
// Asks the dynamic linker which files it has loaded, versions stand in their names, and the build
// for what it has seen.
#include "isthmus/cli/libraries.h"

#include <link.h>
#include <stdlib.h>

#include "isthmus/base/fs.h"
#include "isthmus/build_info.h"

namespace isthmus {
namespace {

/// Names of shared files: "libspng.so.0".
struct SharedFile {
  std::string_view library, file;
};
constexpr SharedFile kFiles[] = {
    {"libspng", "spng"}, {"zlib", "z"}, {"xxHash", "xxhash"}, {"libstdc++", "stdc++"}};

std::string real_path(const char* path) {
  char* resolved = ::realpath(path, nullptr);
  std::string text = resolved != nullptr ? resolved : path;
  ::free(resolved);
  return text;
}

int visit(dl_phdr_info* info, size_t, void* data) {
  if (info->dlpi_name == nullptr || info->dlpi_name[0] == '\0') return 0;
  static_cast<std::vector<std::string>*>(data)->push_back(file_name(real_path(info->dlpi_name)));
  return 0;
}

/// "0" from "libspng.so.0"; empty when no such file is loaded.
std::string loaded_version(std::string_view library, const std::vector<std::string>& files) {
  for (const SharedFile& shared : kFiles) {
    const std::string start = "lib" + std::string(shared.file) + ".so.";
    for (const std::string& file : files) {
      if (shared.library == library && file.starts_with(start)) return file.substr(start.size());
    }
  }
  return "";
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::vector<Library> used_libraries() {
  std::vector<std::string> files;
  dl_iterate_phdr(visit, &files);
  std::vector<Library> libraries;
  for (const build_info::LibraryVersion& built : build_info::kLibraries) {
    libraries.push_back({built.name, built.version, loaded_version(built.name, files)});
  }
  const std::string loaded = loaded_version("libstdc++", files);
  if (!loaded.empty()) libraries.push_back({"libstdc++", "", loaded});
  return libraries;
}

Json libraries_json() {
  Json list = Json::array();
  for (const Library& library : used_libraries()) {
    list.push_back(Json::object()
                       .set("name", library.name)
                       .set("built", text_or_null(library.built))
                       .set("loaded", text_or_null(library.loaded)));
  }
  return list;
}

}  // namespace isthmus
