// SPDX-License-Identifier: Apache-2.0
// The list of operations: one entry per word of CMakeLists.txt, made on first use and constant from
// then on. An explicit list, so that no linker can drop an entry.
#include <map>

#include "isthmus/graph/op.h"

namespace isthmus {

const std::vector<OpDef>& all_ops() {
  static const std::vector<OpDef> list = {
#define ISTHMUS_ENTRY(name) ops::name(),
#include "isthmus/builtin_ops.inc"
#undef ISTHMUS_ENTRY
  };
  return list;
}

const OpDef& find_op(std::string_view name) {
  static const std::map<std::string_view, const OpDef*> by_name = [] {
    std::map<std::string_view, const OpDef*> map;
    for (const OpDef& op : all_ops()) map[op.name] = &op;
    return map;
  }();
  const auto found = by_name.find(name);
  ISTHMUS_CHECK(found != by_name.end(), "unknown operation '" + std::string(name) + "'");
  return *found->second;
}

}  // namespace isthmus
