// SPDX-License-Identifier: Apache-2.0
// The parts of the page. Each takes what was read and returns HTML; "" when there is nothing to
// show. All text from files goes through escape_html.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "isthmus/report/run_files.h"

namespace isthmus {

std::string_view report_style();
std::string_view look_style();

std::string header_section(const RunFiles& run);
std::string pictures_section(const RunFiles& run);
std::string look_section(const RunFiles& run);
std::string course_section(const RunFiles& run);
/// Warnings, rollbacks and resumptions, with what to do about them.
std::string events_section(const RunFiles& run);
std::string nats_section(const RunFiles& run);
std::string latents_section(const RunFiles& run);
std::string settings_section(const RunFiles& run);
std::string facts_section(const RunFiles& run);
std::string next_section(const RunFiles& run);

/// Terms of the kept model and on what they were measured ("test", "validation", "training").
struct KeptTerms {
  Terms terms;
  std::string measured;
};
KeptTerms kept_terms(const RunFiles& run);
/// The object these terms were read from; nullptr when there are none.
const Json* kept_record(const RunFiles& run);
/// The likelihood is not normalised on the data.
bool is_score(const RunFiles& run);
/// Least reconstruction term that any model can reach; NaN when there is none.
double floor_of(const RunFiles& run);

/// Escaped for HTML, control bytes made visible.
std::string shown(std::string_view text);
/// With a real minus sign; "-" for unknown.
std::string shown_number(double value, int digits);
/// Nats or bits for people: two digits after the point below 100, else one.
std::string shown_nats(double value);
/// A setting as text: numbers with more than eight digits are rounded to six.
std::string shown_setting(std::string_view value);
/// A whole number with grouped digits; "-" for unknown.
std::string shown_count(double value);
std::string base64(std::span<const std::byte> bytes);

}  // namespace isthmus
