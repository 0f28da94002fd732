#include "dataset/records.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hex.h"
#include "base/utc.h"
#include "store/layout.h"
#include "store/sealed_json.h"

namespace grid::dataset {

using store::SealedKind;

static constexpr SealedKind version_kind{.grid = "version", .companion = "datastore"};
static constexpr SealedKind tombstone_kind{.grid = "tombstone", .companion = "datastore"};
static constexpr SealedKind restoration_kind{.grid = "restoration", .companion = "datastore"};
static constexpr SealedKind description_kind{.grid = "description", .companion = "datastore"};

static constexpr SealedKind tag_kind{.grid = "tag", .companion = "datastore"};
static constexpr SealedKind retention_kind{.grid = "retention", .companion = "datastore"};

static constexpr VersionNumber number_max = UINT32_MAX;

void check_record_text(std::string_view noun, std::string_view text, std::size_t size_max) {
  if (text.size() > size_max)
    fail(ErrorKind::invalid_argument, "{} has {} bytes; a record has room for {}", noun,
         text.size(), size_max);
}

std::string encode_version_record(const VersionRecord& record) {
  check_record_text("the message", record.message);
  check_record_text("the name of the source", record.source);
  check_record_text("the name of the user", record.created_by, record_name_size_max);
  check_record_text("the name of the program", record.program, record_name_size_max);
  nlohmann::json value = {{"version", record.number},         {"datastore", record.datastore},
                          {"root", record.root.hex()},        {"source", record.source},
                          {"message", record.message},        {"created", record.created},
                          {"created_by", record.created_by},  {"program", record.program},
                          {"entries", record.totals.entries}, {"files", record.totals.files},
                          {"folders", record.totals.folders}, {"symlinks", record.totals.symlinks},
                          {"bytes", record.totals.bytes},     {"stored_bytes", record.stored_bytes},
                          {"left_out", record.left_out}};
  if (record.parent) value["parent"] = *record.parent;
  if (record.totals.files_in_place > 0) {
    value["files_in_place"] = record.totals.files_in_place;
    value["bytes_in_place"] = record.totals.bytes_in_place;
  }
  if (record.previous) value["previous"] = record.previous->hex();
  if (!record.deleted.empty()) value["deleted"] = record.deleted;
  if (record.top_mtime_ns) value["top_mtime_ns"] = *record.top_mtime_ns;
  if (!record.create_id.empty()) value["create_id"] = record.create_id;
  if (record.stored_sum) {
    value["stored_from"] = record.stored_sum->from;
    value["stored_sum"] = record.stored_sum->bytes;
  }
  return store::seal(version_kind, std::move(value));
}

// Whether it is the record of this datastore: a server may answer with another one.
static void check_datastore(const JsonObject& json, std::string_view datastore) {
  if (const std::optional<std::string> own = json.find_text("datastore"); own && *own != datastore)
    json.refuse("datastore", fmt::format("not \"{}\"", datastore));
}

static void check_number(const JsonObject& json, std::string_view member, VersionNumber number) {
  const std::optional<std::uint64_t> own = json.find_number(member, 1, number_max);
  if (own && *own != number) json.refuse(member, fmt::format("not {}", number));
}

static Digest digest_member(const JsonObject& json, std::string_view member) {
  const std::optional<Digest> digest = parse_digest(json.text(member));
  if (!digest) json.refuse(member, "not 64 lower-case hexadecimal digits");
  return *digest;
}

static std::string create_id(const JsonObject& json) {
  std::string id = json.find_text("create_id").value_or("");
  if (json.has("create_id") && !is_hex(id, create_id_size))
    json.refuse("create_id", "not 32 lower-case hexadecimal digits");
  return id;
}

static std::optional<StoredSum> stored_sum(const JsonObject& json, VersionNumber version,
                                           std::uint64_t stored_bytes) {
  if (!json.has("stored_from") && !json.has("stored_sum")) return std::nullopt;
  const StoredSum sum{.from = static_cast<VersionNumber>(json.number("stored_from", 1, number_max)),
                      .bytes = json.number("stored_sum")};
  if (sum.from >= version) json.refuse("stored_from", "not an earlier version");
  if (sum.bytes < stored_bytes) json.refuse("stored_sum", "less than stored_bytes");
  return sum;
}

static std::vector<VersionNumber> deleted_before(const JsonObject& json, VersionNumber version) {
  std::vector<VersionNumber> deleted;
  const auto numbers = json.find_numbers("deleted", 1, number_max);
  if (!numbers) return deleted;
  for (const std::uint64_t number : *numbers) {
    if (number >= version || (!deleted.empty() && number <= deleted.back()))
      json.refuse("deleted", "not a list of earlier versions in their order");
    deleted.push_back(static_cast<VersionNumber>(number));
  }
  return deleted;
}

VersionRecord decode_version_record(BytesView object, std::string_view datastore,
                                    VersionNumber number) {
  const JsonObject json =
      store::unseal(version_kind, object, fmt::format("{}:{}: its record", datastore, number));
  json.number("version", 1, number_max);
  check_number(json, "version", number);
  check_datastore(json, datastore);
  VersionRecord record{.number = number, .root = digest_member(json, "root")};
  if (const auto parent = json.find_number("parent", 1, number_max)) {
    if (*parent >= number) json.refuse("parent", "not an earlier version");
    record.parent = static_cast<VersionNumber>(*parent);
  }
  record.source = json.text("source");
  record.message = json.text("message");
  record.created = json.text("created");
  if (!is_rfc3339_utc(record.created)) json.refuse("created", "not a time of RFC 3339 in UTC");
  record.created_by = json.text("created_by");
  record.program = json.text("program");
  record.totals = {.entries = json.number("entries"),
                   .files = json.number("files"),
                   .folders = json.number("folders"),
                   .symlinks = json.number("symlinks"),
                   .bytes = json.number("bytes"),
                   .files_in_place = json.find_number("files_in_place").value_or(0),
                   .bytes_in_place = json.find_number("bytes_in_place").value_or(0)};
  record.stored_bytes = json.number("stored_bytes");
  record.left_out = json.number("left_out");
  record.datastore = json.find_text("datastore").value_or("");
  if (json.has("previous")) record.previous = digest_member(json, "previous");
  record.deleted = deleted_before(json, number);
  record.top_mtime_ns = json.find_integer("top_mtime_ns");
  record.create_id = create_id(json);
  record.stored_sum = stored_sum(json, number, record.stored_bytes);
  return record;
}

std::string encode_description(std::string_view datastore, VersionNumber number,
                               std::string_view text) {
  check_record_text("the description", text);
  return store::seal(description_kind,
                     {{"datastore", datastore}, {"number", number}, {"text", text}});
}

std::string decode_description(BytesView object, std::string_view datastore, VersionNumber number) {
  const JsonObject json =
      store::unseal(description_kind, object, fmt::format("{}: description {}", datastore, number));
  check_datastore(json, datastore);
  check_number(json, "number", number);
  return json.text("text");
}

std::string encode_tag(std::string_view datastore, std::string_view tag, VersionNumber number,
                       const TagRecord& record) {
  check_record_text("the name of the user", record.set_by, record_name_size_max);
  nlohmann::json value = {{"datastore", datastore},
                          {"tag", tag},
                          {"number", number},
                          {"set", record.set},
                          {"set_by", record.set_by}};
  if (record.version) value["version"] = *record.version;
  return store::seal(tag_kind, std::move(value));
}

TagRecord decode_tag(BytesView object, std::string_view datastore, std::string_view tag,
                     VersionNumber number) {
  const JsonObject json =
      store::unseal(tag_kind, object, fmt::format("{}@{}: its object {}", datastore, tag, number));
  check_datastore(json, datastore);
  if (json.text("tag") != tag) json.refuse("tag", fmt::format("not \"{}\"", tag));
  json.number("number", 1, number_max);
  check_number(json, "number", number);
  TagRecord record{.set = json.text("set"), .set_by = json.text("set_by")};
  if (!is_rfc3339_utc(record.set)) json.refuse("set", "not a time of RFC 3339 in UTC");
  if (const auto version = json.find_number("version", 1, number_max))
    record.version = static_cast<VersionNumber>(*version);
  return record;
}

static constexpr std::uint64_t keep_count_max = UINT32_MAX;
static constexpr std::uint64_t keep_used_max = std::uint64_t{1} << 40;  // seconds

std::string encode_retention(std::string_view datastore, VersionNumber number,
                             const RetentionRecord& record) {
  check_record_text("the name of the user", record.set_by, record_name_size_max);
  nlohmann::json value = {
      {"datastore", datastore}, {"number", number}, {"set", record.set}, {"set_by", record.set_by}};
  const auto add_count = [&](const char* member, std::uint64_t count) {
    if (count > 0) value[member] = std::min(count, keep_count_max);
  };
  add_count("keep_last", record.rules.last);
  add_count("keep_daily", record.rules.daily);
  add_count("keep_weekly", record.rules.weekly);
  add_count("keep_monthly", record.rules.monthly);
  if (record.rules.used)
    value["keep_used_seconds"] =
        std::min(static_cast<std::uint64_t>(record.rules.used->count()), keep_used_max);
  if (record.rules.tagged) value["keep_tagged"] = true;
  return store::seal(retention_kind, std::move(value));
}

RetentionRecord decode_retention(BytesView object, std::string_view datastore,
                                 VersionNumber number) {
  const JsonObject json =
      store::unseal(retention_kind, object, fmt::format("{}: retention {}", datastore, number));
  check_datastore(json, datastore);
  json.number("number", 1, number_max);
  check_number(json, "number", number);
  RetentionRecord record{.set = json.text("set"), .set_by = json.text("set_by")};
  if (!is_rfc3339_utc(record.set)) json.refuse("set", "not a time of RFC 3339 in UTC");
  const auto count = [&](std::string_view member) {
    return json.find_number(member, 1, keep_count_max).value_or(0);
  };
  record.rules = {.last = count("keep_last"),
                  .daily = count("keep_daily"),
                  .weekly = count("keep_weekly"),
                  .monthly = count("keep_monthly")};
  if (const auto used = json.find_number("keep_used_seconds", 0, keep_used_max))
    record.rules.used = std::chrono::seconds(*used);
  record.rules.tagged = json.find_truth("keep_tagged").value_or(false);
  return record;
}

std::string encode_tombstone(std::string_view datastore, VersionNumber number,
                             const Tombstone& tombstone) {
  nlohmann::json value = {{"datastore", datastore}, {"version", number}};
  if (!tombstone.moved_to.empty()) value["moved_to"] = tombstone.moved_to;
  if (!tombstone.until.empty()) value["until"] = tombstone.until;
  if (!tombstone.renamed_to.empty()) value["renamed_to"] = tombstone.renamed_to;
  return store::seal(tombstone_kind, std::move(value));
}

Tombstone decode_tombstone(BytesView object, std::string_view datastore, VersionNumber number) {
  const JsonObject json =
      store::unseal(tombstone_kind, object, fmt::format("{}:{}: its tombstone", datastore, number));
  check_datastore(json, datastore);
  check_number(json, "version", number);
  Tombstone tombstone{.moved_to = json.find_text("moved_to").value_or(""),
                      .until = json.find_text("until").value_or(""),
                      .renamed_to = json.find_text("renamed_to").value_or("")};
  if (!tombstone.renamed_to.empty() && !is_datastore_name(tombstone.renamed_to))
    json.refuse("renamed_to", "not the name of a datastore");
  if (!tombstone.until.empty() && !is_rfc3339_utc(tombstone.until))
    json.refuse("until", "not a time of RFC 3339 in UTC");
  return tombstone;
}

std::string encode_restoration(std::string_view datastore, VersionNumber number,
                               std::uint32_t again) {
  return store::seal(restoration_kind,
                     {{"datastore", datastore}, {"version", number}, {"again", again}});
}

void check_restoration(BytesView object, std::string_view datastore, VersionNumber number,
                       std::uint32_t again) {
  const JsonObject json = store::unseal(
      restoration_kind, object, fmt::format("{}:{}: its restoration {}", datastore, number, again));
  check_datastore(json, datastore);
  check_number(json, "version", number);
  check_number(json, "again", again);
}

}  // namespace grid::dataset
