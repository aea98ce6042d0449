// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest known word to a mistyped one. Used by options, commands, keys and
// registries; it only suggests, nothing is ever corrected silently.
#include <algorithm>
#include <cctype>

#include "isthmus/base/options.h"

namespace isthmus {
namespace {

std::string normalized(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

/// Damerau-Levenshtein distance (adjacent letters swapped count as one edit).
int edit_distance(std::string_view a, std::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<int> two_back(width), back(width), row(width);
  for (size_t j = 0; j < width; ++j) back[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j < width; ++j) {
      const int change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({row[j - 1] + 1, back[j] + 1, back[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

constexpr int kTooFar = 1000;

/// Twice the number of edits, so that a prefix ("latent" of "latent_dim") lies between one edit and
/// two. kTooFar when the words are no neighbours.
int distance_score(const std::string& word, const std::string& candidate) {
  const int length = static_cast<int>(std::max(word.size(), candidate.size()));
  const int threshold = std::clamp(length / 3, 1, 3);
  int score = kTooFar;
  const auto gap = static_cast<int>(word.size()) - static_cast<int>(candidate.size());
  if (std::abs(gap) <= threshold) {
    const int edits = edit_distance(word, candidate);
    if (edits <= threshold && edits < length) score = 2 * edits;
  }
  const bool prefix = word.size() >= 2 && candidate.starts_with(word);
  return prefix ? std::min(score, 3) : score;
}

int common_prefix(std::string_view a, std::string_view b) {
  const auto ends = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<int>(ends.first - a.begin());
}

}  // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 200) return {};  // not a typo, and the table would be large
  const std::string typed = normalized(word);
  std::string best;
  int best_score = kTooFar;
  int best_prefix = -1;
  for (const std::string& candidate : candidates) {
    const std::string known = normalized(candidate);
    int score = distance_score(typed, known);
    int prefix = common_prefix(typed, known);
    const size_t dot = known.rfind('.');
    if (dot != std::string::npos && typed.find('.') == std::string::npos) {
      // A key typed without its section.
      const std::string last = known.substr(dot + 1);
      score = std::min(score, distance_score(typed, last));
      prefix = std::max(prefix, common_prefix(typed, last));
    }
    if (score < best_score || (score == best_score && score < kTooFar && prefix > best_prefix)) {
      best = candidate;
      best_score = score;
      best_prefix = prefix;
    }
  }
  return best;
}

}  // namespace isthmus
