// Opens what a user names as a source.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server_options.h"
#include "source/archive_source.h"
#include "source/source.h"
#include "source/walker.h"

namespace grid::source {

struct SourceSpec {
  std::string where;      // a path, a URL, s3://BUCKET[/PREFIX], or "-" for a tar on standard input
  std::string place{};    // the folder of the version in which it is put; empty: the top
  bool extract = false;   // unpack an archive; a folder is read as always
  bool reversed = false;  // it was written in the other order, SOURCE=PATH
};

struct SourceOptions {
  IgnorePatterns patterns;  // see CreateInput
  bool use_ignore_files = true;
  bool follow_links = false, keep_all = false;  // see WalkOptions
  ArchiveLimits limits;
  std::filesystem::path journals{};      // see ContinuedArchive; empty: none
  net::ServerOptions servers{};          // how URLs and buckets are reached
  bool in_place = false;                 // leave the objects of buckets there, unread
  std::vector<SkippedFolder> skipped{};  // see WalkOptions
};

// Opens all of them as one source. Throws Error if one cannot be read, `invalid_argument` for what
// cannot be a source, `already_exists` for a path that two of them have.
std::unique_ptr<Source> open_sources(const std::vector<SourceSpec>& specs,
                                     const SourceOptions& options);

// "[PATH=]SOURCE" as a user writes it. If a file or folder has the whole text as its name, there is
// no PATH. "SOURCE=PATH" is taken too where it is clear that it is meant: `reversed` is set then.
// Throws `invalid_argument` for a PATH that cannot be a path in a version.
SourceSpec parse_source(std::string_view text);

bool is_url(std::string_view where);     // http:// or https://
bool is_s3_url(std::string_view where);  // s3://

// The sources in messages and records: as the user named them, without passwords.
std::string shown(const std::vector<SourceSpec>& specs);

}  // namespace grid::source
