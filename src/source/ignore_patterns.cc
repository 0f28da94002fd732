// The rules are those of gitignore(5); ignore_patterns_test.cc compares with git itself. In short:
// a pattern with a slash before its end matches the path below the folder of its list, one without
// matches names at any depth. '*' and '?' match no slash. '**' as a whole segment matches any
// number of folders. The last matching pattern decides, of the innermost list that has one.
//
// A pattern is matched segment by segment, so that no pattern is slow: matching a name with a
// segment costs at most the product of their lengths, since it goes back only to the last '*', and
// paths are matched with segments that have '**' by a table.

#include "source/ignore_patterns.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"

namespace grid::source {

namespace {

bool is_in_class(std::string_view name, unsigned char c) {
  if (c >= 0x80) return false;
  if (name == "alnum") return std::isalnum(c);
  if (name == "alpha") return std::isalpha(c);
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return std::iscntrl(c);
  if (name == "digit") return std::isdigit(c);
  if (name == "graph") return std::isgraph(c);
  if (name == "lower") return std::islower(c);
  if (name == "print") return std::isprint(c);
  if (name == "punct") return std::ispunct(c);
  if (name == "space") return std::isspace(c);
  if (name == "upper") return std::isupper(c);
  if (name == "xdigit") return std::isxdigit(c);
  return false;
}

bool is_class(std::string_view name) {
  constexpr std::string_view names[] = {"alnum", "alpha", "blank", "cntrl", "digit", "graph",
                                        "lower", "print", "punct", "space", "upper", "xdigit"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

struct Bracket {
  std::size_t size = 0;  // of its text, from '[' to ']'
  bool matched = false;
};

// Parses the set at the front of `text`, which begins with '[', and tells whether `c` is in it.
// Empty if it is not a set.
std::optional<Bracket> parse_bracket(std::string_view text, unsigned char c) {
  std::size_t at = 1;
  bool negated = at < text.size() && (text[at] == '!' || text[at] == '^');
  if (negated) ++at;
  bool matched = false;
  int low = -1;  // the last single character, with which a range may begin; -1: none
  for (bool first = true;; first = false) {
    if (at >= text.size()) return std::nullopt;
    char next = text[at];
    if (next == ']' && !first) return Bracket{at + 1, matched != negated};
    if (next == '[' && at + 1 < text.size() && text[at + 1] == ':') {
      std::size_t end = text.find(']', at + 2);
      if (end == std::string_view::npos) return std::nullopt;
      if (end > at + 2 && text[end - 1] == ':') {
        std::string_view name = text.substr(at + 2, end - at - 3);
        if (!is_class(name)) return std::nullopt;
        matched = matched || is_in_class(name, c);
        low = -1;
        at = end + 1;
        continue;
      }
    }
    if (next == '-' && low >= 0 && at + 1 < text.size() && text[at + 1] != ']') {
      ++at;
      if (text[at] == '\\' && ++at >= text.size()) return std::nullopt;
      auto high = static_cast<unsigned char>(text[at++]);
      matched = matched || (low <= c && c <= high);
      low = -1;
      continue;
    }
    if (next == '\\' && ++at >= text.size()) return std::nullopt;
    low = static_cast<unsigned char>(text[at++]);
    matched = matched || low == c;
  }
}

// How many bytes at the pattern's front match one character of a name; 0 if it does not match.
std::size_t match_one(std::string_view pattern, char c) {
  switch (pattern[0]) {
    case '?':
      return 1;
    case '[': {
      std::optional<Bracket> bracket = parse_bracket(pattern, static_cast<unsigned char>(c));
      return bracket && bracket->matched ? bracket->size : 0;
    }
    case '\\':
      return pattern.size() > 1 && pattern[1] == c ? 2 : 0;
    default:
      return pattern[0] == c ? 1 : 0;
  }
}

bool is_any_depth(const std::string& segment) {
  return segment.size() >= 2 && segment.find_first_not_of('*') == std::string::npos;
}

}  // namespace

bool matches_name(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::optional<std::size_t> star;  // after the last '*' of the pattern
  std::size_t star_name = 0;        // where in the name that '*' stops matching
  while (n < name.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_name = n;
      continue;
    }
    std::size_t used =
        p < pattern.size() && n < name.size() ? match_one(pattern.substr(p), name[n]) : 0;
    if (used > 0) {
      p += used;
      ++n;
    } else if (star && star_name < name.size()) {
      p = *star;
      n = ++star_name;
    } else {
      return false;
    }
  }
  return true;
}

std::vector<std::string> split_pattern(std::string_view pattern) {
  std::vector<std::string> segments(1);
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    std::string& segment = segments.back();
    if (pattern[at] == '/') {
      segments.emplace_back();
    } else if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      if (pattern[++at] == '/')
        segments.emplace_back();
      else
        segment += {'\\', pattern[at]};
    } else if (pattern[at] == '[') {
      std::optional<Bracket> bracket = parse_bracket(pattern.substr(at), 0);
      std::size_t size = bracket ? bracket->size : 1;
      segment += pattern.substr(at, size);
      at += size - 1;
    } else {
      segment += pattern[at];
    }
  }
  return segments;
}

bool matches_path(const std::vector<std::string>& segments, std::string_view path) {
  // reached[i]: the first i segments match the names so far.
  std::vector<char> reached(segments.size() + 1, false), next;
  reached[0] = true;
  auto pass_any_depth = [&](std::vector<char>& row) {  // '**' may match nothing, but not at the end
    for (std::size_t i = 0; i + 1 < segments.size(); ++i)
      if (row[i] && is_any_depth(segments[i])) row[i + 1] = true;
  };
  pass_any_depth(reached);
  for (;;) {
    std::size_t slash = path.find('/');
    std::string_view name = path.substr(0, slash);
    next.assign(segments.size() + 1, false);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (!reached[i]) continue;
      if (is_any_depth(segments[i])) {
        next[i] = true;
        if (i + 1 == segments.size()) next[i + 1] = true;
      } else if (matches_name(segments[i], name)) {
        next[i + 1] = true;
      }
    }
    pass_any_depth(next);
    reached.swap(next);
    if (slash == std::string_view::npos) return reached[segments.size()];
    path.remove_prefix(slash + 1);
  }
}

IgnorePatterns::IgnorePatterns(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) add(pattern);
}

void IgnorePatterns::add(std::string_view text, const std::string& folder) {
  Pattern pattern{.folder = folder};
  if (text.starts_with('!')) {
    pattern.kept = true;
    text.remove_prefix(1);
  }
  if (text.ends_with('/')) {
    pattern.folders_only = true;
    text.remove_suffix(1);
  }
  pattern.name_only = text.find('/') == std::string_view::npos;
  if (text.starts_with('/')) text.remove_prefix(1);
  if (text.empty()) return;
  if (pattern.name_only) {
    pattern.segments = {std::string(text)};
  } else {
    // As git does it, which makes a difference: the '**' of "a**/b" then begins a segment.
    std::size_t special = std::min(text.find_first_of("*?[\\"), text.size());
    pattern.prefix = text.substr(0, special);
    if (special < text.size()) pattern.segments = split_pattern(text.substr(special));
  }
  patterns_.push_back(std::move(pattern));
}

// Without the spaces at its end, except one after a backslash.
static std::string_view without_spaces_at_end(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::size_t size = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\\' && at + 1 < line.size())
      size = ++at + 1;
    else if (line[at] != ' ')
      size = at + 1;
  }
  return line.substr(0, size);
}

IgnorePatterns IgnorePatterns::parse(std::string_view text, const std::string& folder) {
  IgnorePatterns patterns;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    if (!line.starts_with('#')) patterns.add(without_spaces_at_end(line), folder);
  }
  return patterns;
}

bool IgnorePatterns::matches(const Pattern& pattern, std::string_view path, bool is_folder) {
  if (pattern.folders_only && !is_folder) return false;
  if (!pattern.folder.empty()) path.remove_prefix(pattern.folder.size() + 1);
  if (pattern.name_only)
    return matches_name(pattern.segments.front(), path.substr(path.rfind('/') + 1));
  if (!path.starts_with(pattern.prefix)) return false;
  path.remove_prefix(pattern.prefix.size());
  return pattern.segments.empty() ? path.empty() : matches_path(pattern.segments, path);
}

IgnorePatterns::Verdict IgnorePatterns::judge(std::string_view path, bool is_folder) const {
  for (auto pattern = patterns_.rbegin(); pattern != patterns_.rend(); ++pattern)
    if (matches(*pattern, path, is_folder)) return pattern->kept ? Verdict::kept : Verdict::ignored;
  return Verdict::none;
}

IgnoreRules IgnoreRules::with(IgnorePatterns patterns) const {
  IgnoreRules rules = *this;
  if (!patterns.empty())
    rules.lists_ = std::make_shared<const List>(List{std::move(patterns), lists_});
  return rules;
}

bool is_left_out_by_default(std::string_view name) {
  return name == ".git" || name == "__pycache__" || name == ".ipynb_checkpoints" ||
         name == ".DS_Store";
}

IgnorePatterns::Verdict IgnoreRules::judge(std::string_view path, bool is_folder) const {
  using Verdict = IgnorePatterns::Verdict;
  Verdict verdict = command_line_->judge(path, is_folder);
  for (const List* list = lists_.get(); verdict == Verdict::none && list != nullptr;
       list = list->above.get())
    verdict = list->patterns.judge(path, is_folder);
  return verdict;
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  return judge(path, is_folder) == IgnorePatterns::Verdict::ignored;
}

bool IgnoreRules::keeps(std::string_view path, bool is_folder) const {
  return judge(path, is_folder) == IgnorePatterns::Verdict::kept;
}

bool IgnoreRules::ignores_within(std::string_view path, bool is_folder) const {
  if (empty()) return false;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1))
    if (ignores(path.substr(0, slash), true)) return true;
  return ignores(path, is_folder);
}

}  // namespace grid::source
