#include "service/moves.h"

#include "base/error.h"
#include "care/rename.h"
#include "service/incomplete_creates.h"
#include "service/uses.h"

namespace grid::service {

// A live create or reader on this machine would go on with the old store.
static void refuse_if_busy(const Settings& settings, const dataset::OpenStore& store,
                           const std::string& name, std::string_view ending) {
  for (const create::IncompleteCreate& create :
       of_datastore(of_store(find_incomplete_creates(settings), store), name))
    if (create.live)
      fail(ErrorKind::unavailable, "the next version of {} is being made from {} (process {}); {}",
           name, create.record.source, create.record.pid, ending);
  refuse_if_used(settings, store, name, store.datastores->ready_numbers(name), ending);
}

std::string moved_name(const dataset::Reference& reference) {
  if (reference.names_version())
    fail(ErrorKind::invalid_argument, "a datastore moves with all its versions: name {} alone",
         reference.name);
  return reference.name;
}

std::shared_ptr<dataset::OpenStore> open_destination(const Settings& settings,
                                                     const dataset::OpenStore& from,
                                                     const MoveRequest& request) {
  // Fails before a store is made for a datastore that does not exist.
  if (from.datastores->published_numbers(request.name).empty())
    from.datastores->resolve_number({.name = request.name});
  if (!request.keep) refuse_if_busy(settings, from, request.name, "nothing was moved");
  return dataset::open_store(
      request.to,
      {.make_if_absent = true, .servers = settings.servers, .cache_folder = settings.cache_folder});
}

Move move_datastore(const dataset::OpenStore& from, dataset::OpenStore& to,
                    const MoveRequest& request, care::MoveProgress& progress) {
  Move move{
      .name = request.name,
      .from = from.backend->name(),
      .to = to.backend->name(),
      .kept = request.keep,
      .result = care::move_datastore(
          from, to, {.name = request.name, .keep = request.keep, .stop = request.stop}, progress)};
  move.bytes_sent = progress.chunks.bytes_sent;
  move.bytes_stored = progress.chunks.bytes_stored;
  move.bytes_checked = progress.chunks.bytes_checked;
  move.elapsed = std::chrono::steady_clock::now() - request.asked;
  return move;
}

void write_document(JsonWriter& json, const Move& move) {
  json.begin_object().member("name", move.name);
  json.name_member("from", move.from).name_member("to", move.to);
  json.key("versions").begin_array();
  for (dataset::VersionNumber number : move.result.versions) json.value(number);
  json.end_array().member("versions_published", move.result.versions_published);
  json.member("kept", move.kept).member("moved_before", move.result.moved_before);
  json.member("bytes_sent", move.bytes_sent);
  json.member("bytes_stored", move.bytes_stored);
  json.member("bytes_checked", move.bytes_checked);
  json.member("seconds", std::chrono::duration<double>(move.elapsed).count()).end_object();
}

Rename rename_datastore(const Settings& settings, dataset::OpenStore& store,
                        const std::string& from, const std::string& to) {
  refuse_if_busy(settings, store, from, "nothing was renamed");
  return {.from = from, .to = to, .versions = care::rename_datastore(store, from, to)};
}

void write_document(JsonWriter& json, const Rename& rename) {
  json.begin_object().member("from", rename.from).member("to", rename.to);
  json.key("versions").begin_array();
  for (dataset::VersionNumber number : rename.versions) json.value(number);
  json.end_array().end_object();
}

}  // namespace grid::service
