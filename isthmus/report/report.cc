// SPDX-License-Identifier: Apache-2.0
// report_html(): stub of the page.
#include "isthmus/report/report.h"

namespace isthmus {

std::string report_html(Fs&, const std::string&) { return "<!DOCTYPE html>\n"; }

}  // namespace isthmus
