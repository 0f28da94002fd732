#include "cli/record.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/suggest.h"
#include "cli/text.h"

namespace grid::cli {

std::string spell(std::string_view name, dataset::VersionNumber number) {
  return fmt::format("{}:{}", name, number);
}

void write_version_members(service::JsonWriter& json, std::string_view name,
                           const dataset::Version& version) {
  const dataset::VersionRecord& record = version.record;
  json.member("name", name).member("version", record.number);
  json.member("status", dataset::name_of(version.state));
  json.member("root", record.root.hex());
  json.key("parent");
  if (record.parent)
    json.value(*record.parent);
  else
    json.null();
  json.name_member("source", record.source).member("message", record.message);
  json.member("created", record.created).member("created_by", record.created_by);
  json.member("program", record.program);
  json.member("files", record.totals.files).member("folders", record.totals.folders);
  json.member("symlinks", record.totals.symlinks).member("bytes", record.totals.bytes);
  json.member("files_in_place", record.totals.files_in_place);
  json.member("bytes_in_place", record.totals.bytes_in_place);
  json.member("stored_bytes", record.stored_bytes).member("left_out", record.left_out);
}

void write_problems_member(service::JsonWriter& json,
                           const std::vector<source::Problem>& problems) {
  json.key("problems").begin_array();
  for (const source::Problem& problem : problems) {
    json.begin_object().name_member("path", problem.path).member("reason", problem.reason);
    json.member("unsupported", problem.unsupported).end_object();
  }
  json.end_array();
}

void warn_of_problems(Output& output, const std::vector<source::Problem>& problems) {
  for (const source::Problem& problem : problems)
    output.warn(fmt::format("{}: {}; left out", problem.path, problem.reason));
}

std::string path_in_version(std::string_view written) {
  std::string out;
  while (!written.empty()) {
    const std::string_view component = take_until(written, '/');
    if (component == "..") fail(ErrorKind::invalid_argument, "a path inside a version has no ..");
    if (!component.empty() && component != ".") {
      if (!out.empty()) out += '/';
      out += component;
    }
  }
  return out;
}

tree::EntryRef entry_at(const tree::Manifest& manifest, std::string_view version,
                        std::string_view path) {
  if (std::optional<tree::EntryRef> entry = manifest.find_path(path)) return *entry;
  // More names than this in one folder are not worth reading for a hint.
  constexpr std::uint64_t hint_names_max = 20'000;
  const auto [folder, name] = split_path(path);
  std::vector<std::string> names;
  tree::EntryRange range = manifest.children(folder);
  for (std::uint64_t i = 0; i < std::min(range.count, hint_names_max); ++i)
    names.emplace_back(manifest.at(range.first + i).name());
  fail(ErrorKind::not_found, "{} has no {}{}", version, path, did_you_mean(name, names));
}

}  // namespace grid::cli
