#include "service/collections.h"

#include <nlohmann/json.hpp>

#include "backend/open.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/user.h"
#include "base/utc.h"
#include "care/undelete.h"
#include "collect/lease_list.h"

namespace grid::service {

namespace fs = std::filesystem;

namespace {

// What earlier runs on this machine have seen of a store's leases. Times are of the clock that
// begins when the machine starts.
class LeaseNotes {
 public:
  LeaseNotes(const Settings& settings, const dataset::OpenStore& store)
      : path_(settings.state_folder / "collections" / (store.cache_key + ".json")) {}

  // What cannot be read is forgotten: a writer that has died is then waited for once more.
  collect::LeaseWatch::AllSeen read() const {
    collect::LeaseWatch::AllSeen seen;
    try {
      const std::optional<Bytes> bytes = find_file_bytes(path_);
      if (!bytes) return seen;
      const auto notes = parse_json(as_text(*bytes), path_.string());
      if (notes.at("boot") != boot_id()) return seen;
      for (const auto& [hex, note] : notes.at("leases").items()) {
        store::LeaseId lease;
        if (!from_hex(hex, lease.bytes)) continue;
        const std::chrono::nanoseconds since(note.at(1).get<std::int64_t>());
        seen[lease] = {note.at(0).get<std::uint32_t>(),
                       std::chrono::steady_clock::time_point(since)};
      }
    } catch (const Error&) {
    } catch (const nlohmann::json::exception&) {
    }
    return seen;
  }

  void write(const collect::LeaseWatch::AllSeen& seen) const {
    nlohmann::json leases = nlohmann::json::object();
    for (const auto& [lease, note] : seen)
      leases[lease.hex()] = {note.slot,
                             std::chrono::nanoseconds(note.since.time_since_epoch()).count()};
    make_private_folders(path_.parent_path());
    const nlohmann::json notes = {{"boot", boot_id()}, {"leases", leases}};
    replace_file(path_, as_bytes(notes.dump() + "\n"));
  }

 private:
  const fs::path path_;
};

}  // namespace

Collected collect_store(const Settings& settings, const dataset::OpenStore& store,
                        const CollectionRequest& request, collect::CollectProgress& progress) {
  if (backend::is_grid_server(settings.store))
    fail(ErrorKind::unsupported,
         "a server gives no one the right to remove what its store holds: run this where the store "
         "is, with --store FOLDER or --store s3://…, beside the server or while it is stopped");
  const std::optional<store::StoreMarker> marker = store::find_marker(*store.origin);
  if (!marker || marker->format < store::store_format)
    fail(ErrorKind::unsupported,
         "the store {} was made by an older grid, and one that still writes to it could lose what "
         "is removed now: once every machine has this one, run `grid store upgrade`, which older "
         "programs then refuse, and this again",
         store.backend->name());
  Collected collected{.report = {}, .is_dry = request.is_dry};
  if (request.applies_retention)
    collected.retention = apply_retention(settings, store, request.is_dry);
  const LeaseNotes notes(settings, store);
  collect::LeaseWatch watch(request.patience);
  watch.take_over(notes.read());
  const auto now = std::chrono::system_clock::now();
  const auto is_kept = [&](std::string_view closed) {
    const auto time = parse_rfc3339(closed);
    return time && now - *time < request.interrupted_kept_for;
  };
  collected.report = collect::collect(
      store, {.is_still = [&](const store::LeaseId& lease,
                              std::uint32_t slot) { return watch.is_still(lease, slot); },
              .is_kept = is_kept,
              .rewrite_percent_max = request.rewrite_percent_max,
              .rewrite_bytes_max = request.rewrite_bytes_max,
              .holder = fmt::format("gc by {}", user_at_host()),
              .is_dry = request.is_dry,
              .progress = &progress,
              .stop = request.stop});
  if (!request.is_dry) notes.write(watch.seen());
  collected.elapsed = std::chrono::steady_clock::now() - request.asked;
  return collected;
}

std::uint64_t Collected::bytes_freed() const {
  return report.bytes_removed - std::min(report.bytes_removed, report.bytes_rewritten);
}

bool upgrade_store(const dataset::OpenStore& store) {
  const std::optional<store::StoreMarker> marker = store::find_marker(*store.origin);
  if (marker && marker->format == store::store_format) return false;
  store::upgrade_store(*store.origin);
  return true;
}

Undeleted undelete_version(const dataset::OpenStore& store, const dataset::Reference& reference) {
  if (!reference.version)
    fail(ErrorKind::invalid_argument, "name the version to take back, as in {}:3", reference.name);
  care::undelete(store, reference.name, *reference.version);
  return {.name = reference.name, .number = *reference.version};
}

void write_document(JsonWriter& json, const Collected& collected) {
  const collect::CollectReport& report = collected.report;
  json.begin_object().member("dry_run", collected.is_dry);
  json.member("packs_removed", report.packs_removed).member("bytes_removed", report.bytes_removed);
  json.member("packs_rewritten", report.packs_rewritten);
  json.member("bytes_rewritten", report.bytes_rewritten);
  json.member("bytes_freed", collected.bytes_freed());
  json.member("rewriting_goes_on", report.rewriting_goes_on);
  json.member("rewriting_problem", report.rewriting_problem);
  json.member("packs_kept", report.packs_kept).member("bytes_kept", report.bytes_kept);
  json.member("bytes_left", report.bytes_left);
  json.member("packs_condemned", report.packs_condemned);
  json.member("packs_rescued", report.packs_rescued).member("trees_walked", report.trees_walked);
  json.key("waits_for").begin_array();
  for (const std::string& holder : report.waits_for) json.value(holder);
  json.end_array();
  json.key("retention").begin_array();
  for (const PrunePlan& plan : collected.retention.plans) write_document(json, plan);
  json.end_array().key("retention_problems").begin_array();
  for (const std::string& sentence : collected.retention.left_alone) json.value(sentence);
  json.end_array();
  json.member("seconds", std::chrono::duration<double>(collected.elapsed).count()).end_object();
}

void write_document(JsonWriter& json, const Undeleted& undeleted) {
  json.begin_object()
      .member("name", undeleted.name)
      .member("version", undeleted.number)
      .end_object();
}

}  // namespace grid::service
