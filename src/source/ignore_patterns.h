// Decides which paths are left out, by patterns with the meaning that they have in a .gitignore.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace grid::source {

// The file whose patterns apply in its folder and below.
constexpr std::string_view ignore_file_name = ".gridignore";

// One list of patterns; the last one that matches a path decides. A value.
class IgnorePatterns {
 public:
  IgnorePatterns() = default;
  // Those of a command line.
  explicit IgnorePatterns(const std::vector<std::string>& patterns);

  // Adds a pattern of the list in `folder`. Every text is a pattern, though some match nothing.
  void add(std::string_view pattern, const std::string& folder = "");

  // The lines of an ignore file, without empty ones and comments.
  static IgnorePatterns parse(std::string_view text, const std::string& folder);

  enum class Verdict { none, ignored, kept };
  Verdict judge(std::string_view path, bool is_folder) const;

  bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::string folder;                 // to whose content it applies
    bool kept = false;                  // it began with '!'
    bool folders_only = false;          // it ended with '/'
    bool name_only = false;             // it matches names at any depth; else the path below folder
    std::string prefix;                 // the text before the first special character
    std::vector<std::string> segments;  // the text after it, split at slashes
  };
  static bool matches(const Pattern& pattern, std::string_view path, bool is_folder);

  std::vector<Pattern> patterns_;
};

// What version control, Python, Jupyter and macOS leave in folders, and nobody means to store.
bool is_left_out_by_default(std::string_view name);

// The lists that apply in a folder: the command line overrides the folder's own list, which
// overrides those of the folders above. Immutable and shared.
class IgnoreRules {
 public:
  explicit IgnoreRules(IgnorePatterns command_line)
      : command_line_(std::make_shared<const IgnorePatterns>(std::move(command_line))) {}

  // These rules, with the list of a folder further down added.
  IgnoreRules with(IgnorePatterns patterns) const;

  // Whether an entry is left out. Does not look at the folders above it: what is below a folder
  // that is left out is left out too, whatever the patterns say.
  bool ignores(std::string_view path, bool is_folder) const;
  // Whether a pattern keeps the entry expressly.
  bool keeps(std::string_view path, bool is_folder) const;
  // The same as ignores(), but looks at the folders above it too.
  bool ignores_within(std::string_view path, bool is_folder) const;

  bool empty() const { return command_line_->empty() && lists_ == nullptr; }

 private:
  IgnorePatterns::Verdict judge(std::string_view path, bool is_folder) const;

  struct List {
    IgnorePatterns patterns;
    std::shared_ptr<const List> above;
  };
  std::shared_ptr<const IgnorePatterns> command_line_;
  std::shared_ptr<const List> lists_;  // the innermost
};

// Whether one pattern without '/' matches a name: *, ?, [a-z], [!a], [[:alpha:]] and \.
bool matches_name(std::string_view pattern, std::string_view name);

// Whether a path matches a pattern in the same way, with '**' between slashes for any number of
// folders. The segments always mean the whole path.
bool matches_path(const std::vector<std::string>& segments, std::string_view path);

// The segments of a pattern, which slashes separate.
std::vector<std::string> split_pattern(std::string_view pattern);

}  // namespace grid::source
