#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/hex.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/text.h"
#include "service/name_search.h"

namespace grid::cli {

namespace {

struct Wanted {
  std::string pattern;
  std::uint64_t larger_than = 0;
  std::optional<std::int64_t> changed_since_ns;
  std::string digest;  // the beginning of it, in hexadecimal
  bool every_version = false;
};

Wanted wanted_of(const Arguments& arguments) {
  Wanted wanted{.pattern = arguments.get("PATTERN"), .every_version = arguments.has("--versions")};
  if (wanted.pattern.empty())
    fail(ErrorKind::invalid_argument, "PATTERN is empty: '*' finds everything");
  if (arguments.has("--larger"))
    wanted.larger_than = parse_size(arguments.get("--larger"), "--larger");
  if (arguments.has("--changed-since")) {
    const auto since = std::chrono::system_clock::now() -
                       parse_duration("--changed-since", arguments.get("--changed-since"));
    wanted.changed_since_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(since.time_since_epoch()).count();
  }
  wanted.digest = arguments.find("--digest").value_or("");
  if (wanted.digest.find_first_not_of("0123456789abcdef") != wanted.digest.npos)
    fail(ErrorKind::invalid_argument,
         "--digest {}: it takes the first hexadecimal digits of a file's digest, in lower case",
         wanted.digest);
  return wanted;
}

bool is_wanted(const tree::EntryRef& entry, const Wanted& wanted) {
  const bool is_file = entry.kind() == tree::EntryKind::file;
  if (wanted.larger_than > 0 && (!is_file || entry.size() <= wanted.larger_than)) return false;
  if (wanted.changed_since_ns && entry.mtime_ns() < *wanted.changed_since_ns) return false;
  if (wanted.digest.empty()) return true;
  return is_file && !entry.is_in_place() && entry.size() > 0 &&
         entry.content().digest.hex().starts_with(wanted.digest);
}

// Writes what a version has of it; returns how many entries that were.
std::uint64_t find_in(Output& output, service::JsonWriter* json, service::OpenVersion version,
                      const Wanted& wanted) {
  std::uint64_t count = 0;
  service::NameSearchRequest request{.query = wanted.pattern};
  const std::string name = version.text();
  for (;;) {
    const service::NameSearch found = service::search_names(version, request);
    for (const tree::EntryRef& entry : found.entries) {
      if (!is_wanted(entry, wanted)) continue;
      ++count;
      const bool is_folder = entry.kind() == tree::EntryKind::folder;
      if (json != nullptr) {
        json->begin_object().member("name", version.name);
        json->member("version", version.record.number).name_member("path", entry.path());
        json->member("folder", is_folder);
        json->member("size", entry.kind() == tree::EntryKind::file ? entry.size() : 0);
        json->end_object();
        continue;
      }
      const std::string path =
          output.result_is_terminal() ? escape_name(entry.path()) : entry.path();
      output.write(fmt::format("{}  {}{}\n", name, path, is_folder ? "/" : ""));
    }
    if (!found.token) return count;
    request.token = found.token;
  }
}

std::vector<dataset::Reference> versions_of(const dataset::OpenStore& store,
                                            const Arguments& arguments, const Wanted& wanted) {
  std::vector<dataset::Reference> versions;
  const auto add_datastore = [&](const std::string& name) {
    const std::vector<dataset::VersionNumber> ready = store.datastores->ready_numbers(name);
    for (auto number = ready.rbegin(); number != ready.rend(); ++number) {
      versions.push_back({.name = name, .version = *number});
      if (!wanted.every_version) return;
    }
  };
  if (!arguments.has("NAME[:V]")) {
    for (const std::string& name : store.datastores->names()) add_datastore(name);
    return versions;
  }
  const dataset::Reference reference = parse_reference(arguments.get("NAME[:V]"));
  if (wanted.every_version && reference.names_version())
    fail(ErrorKind::invalid_argument, "--versions looks into every version: name {} alone",
         reference.name);
  if (wanted.every_version) add_datastore(reference.name);
  if (versions.empty()) versions.push_back(reference);
  return versions;
}

int find(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const Wanted wanted = wanted_of(arguments);
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  const std::vector<dataset::Reference> versions = versions_of(*store, arguments, wanted);
  std::optional<service::JsonWriter> json;
  if (output.json()) {
    json.emplace(output.result_writer());
    json->begin_object().key("found").begin_array();
  }
  std::uint64_t count = 0;
  for (const dataset::Reference& reference : versions)
    count +=
        find_in(output, json ? &*json : nullptr, service::open_version(*store, reference), wanted);
  if (json)
    json->end_array().end_object();
  else if (count == 0)
    output.say(fmt::format("found nothing in {}", format_count(versions.size(), "version")));
  return count > 0 || json ? 0 : 1;
}

}  // namespace

Command datastore_find_command() {
  return {.spec = {.path = {"datastore", "find"},
                   .summary = "Find files by name, in one version or in all datastores",
                   .description =
                       "PATTERN is a part of a name, or with *, ? or [ a pattern of a whole name; "
                       "with a / it is compared with the path. Upper and lower case are the same. "
                       "Without NAME, searches the newest version of every datastore. The exit "
                       "status is 1 if nothing is found.",
                   .positionals = {{.name = "PATTERN"},
                                   {.name = "NAME[:V]",
                                    .required = false,
                                    .completes = Completes::version}},
                   .options = {{.name = "--versions",
                                .help = "search every version, not only the newest"},
                               {.name = "--larger",
                                .value = "SIZE",
                                .help = "only files that are larger than this, such as 10MB"},
                               {.name = "--changed-since",
                                .value = "TIME",
                                .help = "only what changed in the last TIME, such as 7d or 12h"},
                               {.name = "--digest",
                                .value = "HEX",
                                .help = "only files whose content has this digest; its first "
                                        "digits are enough"}},
                   .examples = {"grid datastore find labels",
                                "grid datastore find '*.parquet' cats:3 --larger 100MB"}},
          .run = find};
}

}  // namespace grid::cli
