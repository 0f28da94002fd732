#include "cli/create_options.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "cli/references.h"
#include "cli/text.h"
#include "cli/version.h"
#include "dataset/note_text.h"
#include "net/s3_bucket.h"
#include "net/url.h"
#include "service/run_artifacts.h"
#include "source/archive_reader.h"
#include "source/url_source.h"

namespace grid::cli {

namespace {

using source::SourceSpec;

void refuse(const Arguments& arguments, std::initializer_list<const char*> options,
            std::string_view why) {
  for (const char* option : options)
    if (arguments.has(option)) fail(ErrorKind::invalid_argument, "{} {}", option, why);
}

// --add used to take SOURCE=PATH: where that could be meant too, nothing is guessed.
SourceSpec addition_of(const std::string& text) {
  SourceSpec spec = source::parse_source(text);
  std::error_code ignored;
  if (!spec.place.empty() && !spec.reversed && spec.place != spec.where &&
      !spec.where.starts_with('.') && !spec.where.starts_with('/') &&
      std::filesystem::exists(spec.place, ignored) && std::filesystem::exists(spec.where, ignored))
    fail(ErrorKind::invalid_argument,
         "--add {0}: both {1} and {2} exist: write {1}=./{2} to put the second into the folder {1}",
         text, spec.place, spec.where);
  return spec;
}

std::vector<SourceSpec> sources_of(const Arguments& arguments, const std::string& made_folder) {
  if (!made_folder.empty()) return {{.where = made_folder}};
  if (arguments.has("SOURCE") && arguments.has("--source"))
    fail(ErrorKind::invalid_argument,
         "the source is named twice: as {} and with --source {}; to name several, give each with "
         "--source",
         net::shown(arguments.get("SOURCE")), net::shown(arguments.get("--source")));
  std::vector<SourceSpec> sources;
  if (std::optional<std::string> source = arguments.find("SOURCE"))
    sources.push_back({.where = net::with_plain_scheme(*source)});
  for (const std::string& text : arguments.all("--source"))
    sources.push_back(source::parse_source(text));
  for (const std::string& text : arguments.all("--add")) sources.push_back(addition_of(text));
  return sources;
}

// The name by which an archive is recognised.
std::string file_name_of(const SourceSpec& source) {
  return source::is_url(source.where) ? source::file_name_of_url(source.where) : source.where;
}

// Decides whether a source is an archive to unpack. Refuses a missing source before anything is
// opened, so that a typing error leaves no empty store behind.
void examine(SourceSpec& source, const Arguments& arguments, bool lone) {
  if (source::is_s3_url(source.where)) {
    const std::string key = net::parse_s3_url(source.where).key;
    const bool one_object = !key.empty() && !key.ends_with('/');
    if (lone && !one_object)
      refuse(arguments, {"--extract"},
             "is for one archive: name its key, as in s3://BUCKET/cats.tar.gz");
    source.extract =
        arguments.has("--extract") && one_object && (lone || source::is_archive_name(key));
    return;
  }
  if (source.where == "-") {
    refuse(arguments, {"--no-extract"},
           "does not go with -: standard input is a tar that is always unpacked");
    return;
  }
  bool named_archive = source::is_archive_name(file_name_of(source));
  // Of several files, --extract applies to those with the name of an archive.
  bool extract = arguments.has("--extract") && (lone || named_archive);
  if (source::is_url(source.where)) {
    source.extract = extract || (named_archive && !arguments.has("--no-extract"));
    if (!source.extract) source::check_file_name(source.where);
    return;
  }
  struct stat status;
  if (::stat(source.where.c_str(), &status) != 0)
    throw system_error(errno, fmt::format("cannot read the source {}", net::shown(source.where)));
  source.extract = extract && !S_ISDIR(status.st_mode);
}

// The version that a source like "cats:3" or "cats@best" means; empty if a file of that name
// exists.
std::optional<dataset::Reference> find_version(const std::vector<SourceSpec>& sources) {
  if (sources.size() != 1 || !sources[0].place.empty()) return std::nullopt;
  const std::string& where = sources[0].where;
  const std::size_t mark = where.find_first_of(":@");
  if (mark == where.npos || !dataset::is_datastore_name(where.substr(0, mark))) return std::nullopt;
  const std::string version = where.substr(mark + 1);
  const bool is_number =
      !version.empty() && version.find_first_not_of("0123456789") == version.npos;
  const bool means_version =
      where[mark] == '@' ? dataset::is_tag(version) : version == "latest" || is_number;
  struct stat status;
  if (!means_version || ::stat(where.c_str(), &status) == 0) return std::nullopt;
  return parse_reference(where);
}

std::string name_of(const std::vector<SourceSpec>& sources, const Arguments& arguments) {
  if (arguments.has("--name")) return arguments.get("--name");
  if (arguments.has("--base")) return parse_reference(arguments.get("--base")).name;
  if (sources.size() > 1)
    fail(ErrorKind::invalid_argument,
         "several sources have no name in common: give one with --name");
  if (sources[0].where == "-")
    fail(ErrorKind::invalid_argument, "standard input has no name: give one with --name");
  struct stat status;
  if (!sources[0].where.empty() && ::stat(sources[0].where.c_str(), &status) == 0 &&
      !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
    fail(ErrorKind::invalid_argument, "{} is a pipe or a device: give a name with --name",
         sources[0].where);
  std::string of_source = file_name_of(sources[0]);
  // `.` and `..` are the folders that they stand for.
  const std::string last = std::filesystem::path(of_source).filename().string();
  if (!sources[0].where.empty() && (last.empty() || last == "." || last == ".."))
    of_source = from_root(of_source);
  std::string name = dataset::datastore_name_of_source(of_source);
  if (name.find_first_not_of("0123456789") == name.npos)
    fail(ErrorKind::invalid_argument,
         "{} would be a datastore called {}, which says little: give a name with --name",
         sources[0].where, name);
  return name;
}

void check_combination(const Arguments& arguments, const std::vector<SourceSpec>& sources) {
  if (arguments.has("--extract"))
    refuse(arguments, {"--no-extract"}, "and --extract contradict each other");
  if (arguments.has("--base")) {
    refuse(arguments, {"SOURCE", "--source"},
           "does not go with --base; --add DIR adds what is in a folder");
    refuse(arguments, {"--repair"},
           "does not go with --base, which is not read; give the folder that it was made of");
    if (sources.empty() && !arguments.has("--remove"))
      fail(ErrorKind::invalid_argument, "--base needs a change: --add DIR or --remove PATTERN");
  } else {
    refuse(arguments, {"--add", "--remove"}, "needs --base NAME:VERSION, which it changes");
    if (sources.empty())
      fail(ErrorKind::invalid_argument,
           "grid datastore create: SOURCE is missing; see grid datastore create --help");
  }
  for (const SourceSpec& source : sources)
    if (arguments.has("--no-copy") && !source::is_s3_url(source.where))
      fail(
          ErrorKind::invalid_argument,
          "--no-copy leaves objects in their bucket: the source must be s3://BUCKET/PREFIX, not {}",
          net::shown(source.where));
  if (arguments.has("--no-copy"))
    refuse(arguments, {"--extract"},
           "does not go with --no-copy: an object that stays in its bucket is one file");
  if (arguments.has("--no-copy"))
    refuse(arguments, {"--repair"}, "does not go with --no-copy, which reads nothing");
  if (sources.empty()) refuse(arguments, {"--no-copy"}, "needs an s3:// source");
  for (const SourceSpec& source : sources)
    if (source.where.empty())
      fail(ErrorKind::invalid_argument,
           "grid datastore create: SOURCE is empty; see grid datastore create --help");
}

// `--exclude '*' --include '*.jpg'` means all folders and the files that are included: as a line of
// a .gitignore, the '*' alone would leave out the folders with all that they hold.
std::vector<std::string> patterns_of(const Arguments& arguments) {
  const std::vector<std::string>& given = arguments.all("--exclude");
  std::vector<std::string> patterns;
  for (auto pattern = given.begin(); pattern != given.end(); ++pattern) {
    patterns.push_back(*pattern);
    const bool is_everything = *pattern == "*" || *pattern == "**" || *pattern == "/*";
    if (is_everything && std::any_of(pattern, given.end(), [](const std::string& later) {
          return later.starts_with('!');
        }))
      for (const char* pattern_after : {"!*/", ".git", "__pycache__", ".ipynb_checkpoints"})
        if (pattern_after[0] == '!' || !arguments.has("--all"))
          patterns.emplace_back(pattern_after);
  }
  return patterns;
}

source::ArchiveLimits limits_of(const Arguments& arguments) {
  source::ArchiveLimits limits;
  if (arguments.has("--max-size"))
    limits.size_max = parse_size(arguments.get("--max-size"), "--max-size");
  if (arguments.has("--max-files"))
    limits.files_max = parse_count(arguments.get("--max-files"), "--max-files");
  return limits;
}

}  // namespace

std::string name_for_command(const Arguments& arguments) {
  refuse(arguments,
         {"SOURCE", "--source", "--base", "--add", "--remove", "--extract", "--no-extract",
          "--no-copy", "--max-size", "--max-files"},
         "does not go with --from-command, which makes the source");
  if (!arguments.has("--name"))
    fail(ErrorKind::invalid_argument, "a command has no name: give the datastore one with --name");
  dataset::check_datastore_name(arguments.get("--name"));
  return arguments.get("--name");
}

create::CreateOptions create_options_of(const Arguments& arguments, const Settings& settings,
                                        const std::string& made_folder) {
  std::vector<SourceSpec> sources = sources_of(arguments, made_folder);
  check_combination(arguments, sources);
  std::optional<dataset::Reference> version;
  if (!arguments.has("--base")) version = find_version(sources);
  if (version)
    refuse(arguments,
           {"--exclude", "--no-ignore", "--follow-links", "--all", "--extract", "--no-extract",
            "--max-size", "--max-files", "--repair"},
           "does not go with a version as the source, which is copied as it is");
  bool archive = false;
  for (SourceSpec& source : sources) {
    if (version) break;
    if (const auto artifacts = service::find_artifacts(settings, source.where))
      source.where = *artifacts;
    examine(source, arguments, sources.size() == 1);
    archive = archive || source.extract || source.where == "-";
  }
  if (!archive) {
    if (arguments.has("--extract"))
      fail(ErrorKind::invalid_argument,
           "--extract: there is no archive in {}; leave --extract out, or name one",
           shown(sources));
    refuse(arguments, {"--max-size", "--max-files"},
           "is for archives that are unpacked; see --extract");
  }
  std::string name =
      version && !arguments.has("--name") ? version->name : name_of(sources, arguments);
  dataset::check_datastore_name(name);
  create::CreateOptions options{
      .input = {.sources = std::move(sources),
                .version = std::move(version),
                .patterns = source::IgnorePatterns(patterns_of(arguments)),
                .use_ignore_files = !arguments.has("--no-ignore"),
                .follow_links = arguments.has("--follow-links"),
                .keep_all = arguments.has("--all"),
                .limits = limits_of(arguments),
                .servers = settings.servers,
                .in_place = arguments.has("--no-copy")},
      .storing = {.force = arguments.has("--force"),
                  .allow_partial = arguments.has("--allow-partial"),
                  .paranoid = arguments.has("--paranoid"),
                  .repairs = arguments.has("--repair")},
      .note = {.name = name,
               .message = dataset::checked_note_text(arguments.find("--message").value_or(""),
                                                     "--message"),
               .program = fmt::format("grid {}", program_version())}};
  if (arguments.has("--base"))
    options.input.base = create::CreateBase{.reference = parse_reference(arguments.get("--base")),
                                            .removed = arguments.all("--remove")};
  return options;
}

}  // namespace grid::cli
