// SPDX-License-Identifier: Apache-2.0
// One page about a run, made from the files of its folder and from nothing else: offline, readable
// without JavaScript, on a phone and in the dark. Same files, same bytes.
//
//   write_text(fs, "runs/fm/report.html", report_html(fs, "runs/fm"), Durability::kRename);
#pragma once

#include <string>

#include "isthmus/base/fs.h"

namespace isthmus {

/// Reads run.json, metrics.jsonl, eval.json and look.json (if there are any) and the pictures.
/// Error E3001 when the folder is no run, E4103 when its records are not those of isthmus.
std::string report_html(Fs& fs, const std::string& run_folder);

}  // namespace isthmus
