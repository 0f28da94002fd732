// From what a user names as a source to a Source.
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
  std::string where;     // a path, a URL, s3://BUCKET[/PREFIX], or "-" for a tar on standard input
  std::string place{};   // the folder of the version below which it stands; empty: the top
  bool extract = false;  // an archive is unpacked, a folder is not concerned
};

struct SourceOptions {
  IgnorePatterns patterns;  // see CreateOptions
  bool use_ignore_files = true;
  ArchiveLimits limits;
  std::filesystem::path journals{};  // see ContinuedArchive; empty: none
  net::ServerOptions servers{};      // how URLs and buckets are reached
  bool in_place = false;             // the objects of buckets stay there: none is read
  std::optional<std::pair<std::uint64_t, std::uint64_t>> skipped;  // see WalkOptions
};

// All of them as one. Throws Error if one cannot be read, `invalid_argument` for what cannot be
// asked of it, `already_exists` for a path that two of them claim.
std::unique_ptr<Source> open_sources(const std::vector<SourceSpec>& specs,
                                     const SourceOptions& options);

// "[PATH=]SOURCE" as a user writes it. What exists as it stands has no PATH. Throws
// `invalid_argument` for a PATH that is no path in a version.
SourceSpec parse_source(std::string_view text);

// "DIR[=PATH]", as --add has it; otherwise the same.
SourceSpec parse_addition(std::string_view text);

bool is_url(std::string_view where);     // http:// or https://
bool is_s3_url(std::string_view where);  // s3://

// What messages and records call them: as the user named them, without passwords.
std::string shown(const std::vector<SourceSpec>& specs);

}  // namespace grid::source
