#include "dataset/records.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace grid::dataset {

using nlohmann::json;

static constexpr int format = 1;

// Text from outside may not be UTF-8, as JSON must be: invalid bytes are replaced.
static std::string dump(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string encode_version_record(const VersionRecord& record) {
  json value = {{"grid", "version"},
                {"format", format},
                {"version", record.number},
                {"root", record.root.hex()},
                {"source", record.source},
                {"message", record.message},
                {"created", record.created},
                {"created_by", record.created_by},
                {"program", record.program},
                {"entries", record.totals.entries},
                {"files", record.totals.files},
                {"folders", record.totals.folders},
                {"symlinks", record.totals.symlinks},
                {"bytes", record.totals.bytes},
                {"stored_bytes", record.stored_bytes},
                {"left_out", record.left_out}};
  if (record.parent) value["parent"] = *record.parent;
  if (record.top_mtime_ns) value["top_mtime_ns"] = *record.top_mtime_ns;
  if (record.totals.files_in_place > 0) {
    value["files_in_place"] = record.totals.files_in_place;
    value["bytes_in_place"] = record.totals.bytes_in_place;
  }
  return dump(value);
}

// The object as JSON. Throws unless it is a record of this kind and format.
static json parse(BytesView object, std::string_view kind, std::string_view name) {
  json value = json::parse(as_text(object), nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || value.value("grid", json()) != kind || !value.contains("format"))
    fail(ErrorKind::corrupt, "{}: the {} record is damaged", name, kind);
  if (value["format"] != format)
    fail(ErrorKind::unsupported, "{}: the {} record has format {}; this program reads format {}",
         name, kind, value["format"].dump(), format);
  return value;
}

VersionRecord decode_version_record(BytesView object, std::string_view name) {
  json value = parse(object, "version", name);
  try {
    VersionRecord record;
    record.number = value.at("version").get<VersionNumber>();
    std::optional<Digest> root = parse_digest(value.at("root").get<std::string>());
    if (!root) fail(ErrorKind::corrupt, "{}: the version record's root is damaged", name);
    record.root = *root;
    if (value.contains("parent")) record.parent = value["parent"].get<VersionNumber>();
    record.source = value.at("source").get<std::string>();
    record.message = value.at("message").get<std::string>();
    record.created = value.at("created").get<std::string>();
    record.created_by = value.at("created_by").get<std::string>();
    record.program = value.at("program").get<std::string>();
    record.totals = {.entries = value.at("entries").get<std::uint64_t>(),
                     .files = value.at("files").get<std::uint64_t>(),
                     .folders = value.at("folders").get<std::uint64_t>(),
                     .symlinks = value.at("symlinks").get<std::uint64_t>(),
                     .bytes = value.at("bytes").get<std::uint64_t>(),
                     .files_in_place = value.value("files_in_place", std::uint64_t{0}),
                     .bytes_in_place = value.value("bytes_in_place", std::uint64_t{0})};
    record.stored_bytes = value.at("stored_bytes").get<std::uint64_t>();
    record.left_out = value.at("left_out").get<std::uint64_t>();
    if (value.contains("top_mtime_ns"))
      record.top_mtime_ns = value["top_mtime_ns"].get<std::int64_t>();
    return record;
  } catch (
      const json::exception&) {  // the library's own type: a field is absent or of another kind
    fail(ErrorKind::corrupt, "{}: the version record is damaged", name);
  }
}

std::string encode_description(std::string_view text) {
  return dump({{"grid", "description"}, {"format", format}, {"text", text}});
}

std::string decode_description(BytesView object, std::string_view name) {
  json value = parse(object, "description", name);
  if (!value.contains("text") || !value["text"].is_string())
    fail(ErrorKind::corrupt, "{}: the description record is damaged", name);
  return value["text"].get<std::string>();
}

std::string encode_tombstone(std::string_view moved_to) {
  json value = {{"grid", "tombstone"}, {"format", format}};
  if (!moved_to.empty()) value["moved_to"] = moved_to;
  return dump(value);
}

std::string decode_tombstone(BytesView object) {
  json value = json::parse(as_text(object), nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || !value.contains("moved_to") || !value["moved_to"].is_string())
    return {};
  return value["moved_to"].get<std::string>();
}

}  // namespace grid::dataset
