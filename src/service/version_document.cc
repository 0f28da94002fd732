#include "service/version_document.h"

namespace grid::service {

void write_version_members(JsonWriter& json, std::string_view name,
                           const dataset::Version& version) {
  const dataset::VersionRecord& record = version.record;
  json.member("name", name).member("version", record.number);
  json.member("status", dataset::name_of(version.state));
  json.key("undo_until");
  if (version.until.empty())
    json.null();
  else
    json.value(version.until);
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

void write_problems_member(JsonWriter& json, const std::vector<source::Problem>& problems) {
  json.key("problems").begin_array();
  for (const source::Problem& problem : problems) {
    json.begin_object().name_member("path", problem.path).member("reason", problem.reason);
    json.member("unsupported", problem.unsupported).member("kept", problem.kept).end_object();
  }
  json.end_array();
}

}  // namespace grid::service
