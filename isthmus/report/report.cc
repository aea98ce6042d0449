// SPDX-License-Identifier: Apache-2.0
// report_html(): reads a run folder and puts the sections of the page one below the other.
#include "isthmus/report/report.h"

#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

constexpr std::string_view kPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

}  // namespace

std::string report_html(Fs& fs, const std::string& run_folder) {
  const RunFiles run = read_run(fs, run_folder);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"";
  page.append(kPolicy);
  page += "\"><title>" + shown(text_at(run.run, "run")) + " - isthmus</title><style>";
  page.append(report_style());
  if (run.look) page.append(look_style());
  page += "</style></head><body><main>\n";
  for (auto section :
       {header_section, pictures_section, look_section, course_section, events_section,
        nats_section, latents_section, next_section, settings_section, facts_section}) {
    const std::string part = section(run);
    if (!part.empty()) page += part + "\n";
  }
  return page + "<footer>Written by isthmus " + shown(text_at(run.run, "version")) +
         " from the files of the run alone. Terms are nats per item, summed over values and "
         "latents.</footer>\n</main></body></html>\n";
}

}  // namespace isthmus
