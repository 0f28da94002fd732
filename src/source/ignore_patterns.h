// Which paths are left out: patterns with the meaning that they have in a .gitignore.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace grid::source {

// The file in a folder whose patterns hold in and below it.
constexpr std::string_view ignore_file_name = ".gridignore";

// One list of patterns; of those that match a path the last one decides. A value.
class IgnorePatterns {
 public:
  IgnorePatterns() = default;
  // As they stand on a command line.
  explicit IgnorePatterns(const std::vector<std::string>& patterns);

  // A pattern of a list that stands in the folder `folder`. Every text is a pattern; one that
  // cannot match anything matches nothing.
  void add(std::string_view pattern, const std::string& folder = "");

  // The lines of an ignore file: empty ones and comments are none.
  static IgnorePatterns parse(std::string_view text, const std::string& folder);

  enum class Verdict { none, ignored, kept };
  Verdict judge(std::string_view path, bool is_folder) const;

  bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::string folder;                 // whose content it is about
    bool kept = false;                  // it began with '!'
    bool folders_only = false;          // it ended with '/'
    bool name_only = false;             // it matches names at any depth; else the path below folder
    std::string prefix;                 // what stands before the first special character
    std::vector<std::string> segments;  // what stands between slashes behind it
  };
  static bool matches(const Pattern& pattern, std::string_view path, bool is_folder);

  std::vector<Pattern> patterns_;
};

// The lists that hold in a folder: those of the command line over those of the folder over those
// above it. Immutable and shared.
class IgnoreRules {
 public:
  explicit IgnoreRules(IgnorePatterns command_line)
      : command_line_(std::make_shared<const IgnorePatterns>(std::move(command_line))) {}

  // With the list of a folder further down.
  IgnoreRules with(IgnorePatterns patterns) const;

  // Whether an entry is left out. Its folders are not looked at: what is below a folder that is
  // left out is left out whatever the patterns say.
  bool ignores(std::string_view path, bool is_folder) const;
  // The same with the folders.
  bool ignores_within(std::string_view path, bool is_folder) const;

  bool empty() const { return command_line_->empty() && lists_ == nullptr; }

 private:
  struct List {
    IgnorePatterns patterns;
    std::shared_ptr<const List> above;
  };
  std::shared_ptr<const IgnorePatterns> command_line_;
  std::shared_ptr<const List> lists_;  // the innermost
};

// Whether one pattern without '/' matches a name: *, ?, [a-z], [!a], [[:alpha:]] and \.
bool matches_name(std::string_view pattern, std::string_view name);

// Whether a path matches a pattern in the same way, '**' for any number of folders between
// slashes; `pattern` always means the whole path.
bool matches_path(const std::vector<std::string>& segments, std::string_view path);

// What stands between the slashes of a pattern.
std::vector<std::string> split_pattern(std::string_view pattern);

}  // namespace grid::source
