#include "service/creates.h"

#include <algorithm>

#include "base/user.h"
#include "service/version_document.h"

namespace grid::service {

namespace {

// A single folder or file can be counted during the create, which walks only just ahead of its
// reading.
bool can_be_counted(const create::CreateInput& input) {
  return input.sources.size() == 1 && !input.version && !input.sources[0].extract &&
         input.sources[0].where != "-" && !source::is_url(input.sources[0].where) &&
         !source::is_s3_url(input.sources[0].where);
}

std::uint64_t unread(const create::CreateProgress& progress) {
  return progress.bytes_unchanged + progress.bytes_resumed;
}

// "scanning" until the first byte is read; "finishing" when only the last packs and the version
// itself are left to write.
std::string_view phase_of(const create::CreateProgress& progress) {
  if (progress.reading_again) return "reading again";
  if (progress.total_known && progress.files_done == progress.files_total) return "finishing";
  return progress.bytes_done > unread(progress) ? "storing" : "scanning";
}

create::CreateCounts counts_of(const ProgressState& state) {
  create::CreateCounts counts{.files_done = state.files_done, .bytes_done = state.bytes_done};
  if (state.savings) counts.bytes_stored = state.savings->stored;
  if (!state.total_known) return counts;
  counts.files_total = state.files_total;
  counts.bytes_total = state.bytes_total;
  return counts;
}

create::CreateRecord record_of(const CreateCommand& command, const create::CreateOptions& options,
                               const dataset::OpenStore& store) {
  const create::CreateNote& note = options.note;
  return {.store = command.store,
          .store_id = store.marker.store_id,
          .store_key = store.cache_key,
          .name = note.name,
          .source = source::shown(options.input.sources),
          .identity = command.identity,
          .words = command.words,
          .folder = command.folder,
          .program = note.program,
          .created_by = note.created_by.empty() ? user_at_host() : note.created_by};
}

}  // namespace

DatastoreCreate::DatastoreCreate(const Settings& settings, dataset::OpenStore& store,
                                 CreateRequest request)
    : store_(store), request_(std::move(request)) {
  create::CreateOptions& options = request_.options;
  const create::CreateInput& input = options.input;
  options.input.state_folder = settings.state_folder;
  if (request_.count_source && can_be_counted(input))
    ahead_.emplace(source::WalkOptions{.source = input.sources[0].where,
                                       .patterns = input.patterns,
                                       .use_ignore_files = input.use_ignore_files,
                                       .follow_links = input.follow_links,
                                       .keep_all = input.keep_all});
  if (!request_.command) return;
  kept_.emplace(settings.create_folder, record_of(*request_.command, options, store),
                [this] { return counts_of(progress()); });
  options.storing.checkpoint = kept_->checkpoint();
  options.storing.journals = kept_->folder();
  options.storing.bytes_stored_before = kept_->bytes_stored_before();
  options.storing.create_id = kept_->create_id();
  options.storing.is_repeat = kept_->is_repeat();
}

ProgressState DatastoreCreate::progress() const {
  ProgressState state{.phase = phase_of(progress_),
                      .files_done = progress_.files_done,
                      .bytes_done = progress_.bytes_done,
                      .files_total = progress_.files_total,
                      .bytes_total = progress_.bytes_total,
                      .total_known = progress_.total_known,
                      .savings = Savings{.unread = unread(progress_),
                                         .fresh = progress_.bytes_new,
                                         .stored = progress_.bytes_stored}};
  if (!state.total_known && ahead_ && ahead_->is_known()) {
    state.files_total = std::max(state.files_total, ahead_->files());
    state.bytes_total = std::max(state.bytes_total, ahead_->bytes());
    state.total_known = true;
  }
  return state;
}

std::string DatastoreCreate::what_is_published() const {
  const std::string& name = request_.options.note.name;
  if (const dataset::VersionNumber number = progress_.published)
    return fmt::format("after {} was published", dataset::spell(name, number));
  if (progress_.publishing)
    return fmt::format(
        "while a version of {} was being published: repeat the command to be sure of it", name);
  return {};
}

CreatedVersion DatastoreCreate::run() {
  auto create = [&] { return create::create_version(store_, request_.options, progress_); };
  CreatedVersion created{.name = request_.options.note.name,
                         .result = kept_ ? kept_->run(create) : create()};
  created.bytes_stored = progress_.bytes_stored;
  created.elapsed = std::chrono::steady_clock::now() - request_.asked;
  return created;
}

void write_document(JsonWriter& json, const CreatedVersion& created) {
  const create::CreateResult& result = created.result;
  json.begin_object();
  write_version_members(json, created.name, {.record = result.record});
  json.member("same", result.same);
  json.member("files_read", result.files_read).member("files_unchanged", result.files_unchanged);
  json.member("bytes_read", result.bytes_read).member("bytes_new", result.bytes_new);
  json.member("bytes_resumed", result.bytes_resumed);
  json.member("chunks_healed", result.chunks_healed);
  json.member("seconds", std::chrono::duration<double>(created.elapsed).count());
  write_problems_member(json, result.problems);
  json.key("damaged_packs").begin_array();
  for (const std::string& reason : result.short_packs) json.value(reason);
  json.end_array().key("damaged_records").begin_array();
  for (const dataset::UnreadableVersion& version : result.damaged) json.value(version.reason);
  json.end_array();
  json.end_object();
}

}  // namespace grid::service
