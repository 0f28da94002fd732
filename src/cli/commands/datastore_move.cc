#include <atomic>
#include <chrono>

#include "care/move.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/in_use.h"
#include "cli/incomplete.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

using std::chrono::steady_clock;

// Whoever creates or reads here now would be left behind with what is moved.
void refuse_if_busy(const Context& context, const dataset::OpenStore& store,
                    const std::string& name) {
  for (const create::IncompleteCreate& create :
       of_datastore(of_store(find_incomplete(context), store.marker.store_id), name))
    if (create.live)
      fail(ErrorKind::unavailable,
           "the next version of {} is being made from {} (process {}); nothing was moved", name,
           create.record.source, create.record.pid);
  refuse_if_used(context, store, name, store.datastores->ready_numbers(name), "nothing was moved");
}

ProgressState state_of(const care::MoveProgress& progress) {
  return {.files_done = progress.files_done,
          .bytes_done = progress.bytes_done,
          .files_total = progress.files_total,
          .bytes_total = progress.bytes_total,
          .savings =
              Savings{.fresh = progress.chunks.bytes_sent, .stored = progress.chunks.bytes_stored}};
}

std::string summary(const std::string& name, const care::MoveResult& result, bool keep,
                    const std::string& to, const care::MoveProgress& progress,
                    steady_clock::duration elapsed) {
  if (result.moved_before) return fmt::format("{} is in {} already: it was moved\n", name, to);
  const std::string sent =
      fmt::format("sent {}, {} were there, in {}", format_size(progress.chunks.bytes_stored),
                  format_size(progress.chunks.bytes_checked), format_duration(elapsed));
  return fmt::format("{}  {} {} to {}  · {}\n", name,
                     format_count(result.versions.size(), "version"), keep ? "copied" : "moved", to,
                     sent);
}

void write_document(Output& output, const std::string& name, const care::MoveResult& result,
                    bool keep, const std::string& from, const std::string& to,
                    const care::MoveProgress& progress, steady_clock::duration elapsed) {
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("name", name).name_member("from", from).name_member("to", to);
  json.key("versions").begin_array();
  for (dataset::VersionNumber number : result.versions) json.value(number);
  json.end_array().member("versions_published", result.versions_published);
  json.member("kept", keep).member("moved_before", result.moved_before);
  json.member("bytes_sent", progress.chunks.bytes_sent.load());
  json.member("bytes_stored", progress.chunks.bytes_stored.load());
  json.member("bytes_checked", progress.chunks.bytes_checked.load());
  json.member("seconds", std::chrono::duration<double>(elapsed).count()).end_object();
}

int move(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME"));
  if (reference.version || reference.named_latest)
    fail(ErrorKind::invalid_argument, "a datastore moves with all its versions: name {} alone",
         reference.name);
  const std::string& name = reference.name;
  if (!arguments.has("--to"))
    fail(ErrorKind::invalid_argument, "name the store that {} goes to, with --to STORE", name);
  const bool keep = arguments.has("--keep");
  const auto started = steady_clock::now();
  std::shared_ptr<dataset::OpenStore> from = context.open_store();
  // Before a store is made for what is not there.
  if (from->datastores->published_numbers(name).empty()) from->datastores->resolve(reference);
  if (!keep) refuse_if_busy(context, *from, name);
  std::shared_ptr<dataset::OpenStore> to =
      dataset::open_store(arguments.get("--to"), {.make_if_absent = true,
                                                  .servers = context.settings.servers,
                                                  .cache_folder = context.settings.cache_folder});

  care::MoveProgress progress;
  care::MoveResult result;
  std::atomic<bool> stop = false;
  {
    InterruptNotice notice(
        output, [] { return "interrupted: the same command again continues"; },
        [&] { stop = true; });
    ProgressBar bar(output, name, [&] { return state_of(progress); });
    bar.interrupted_if(stop);
    result =
        care::move_datastore(*from, *to, {.name = name, .keep = keep, .stop = &stop}, progress);
  }
  const auto elapsed = steady_clock::now() - started;
  if (output.json())
    write_document(output, name, result, keep, from->backend->name(), to->backend->name(), progress,
                   elapsed);
  else
    output.write(summary(name, result, keep, to->backend->name(), progress, elapsed));
  return 0;
}

}  // namespace

Command datastore_move_command() {
  return {
      .spec =
          {.path = {"datastore", "move"},
           .summary = "Move a datastore with all its versions to another store",
           .description =
               "Versions keep their numbers and digests. Only what the other store does not have "
               "is sent; what it has is read back and checked. In the old store the versions are "
               "deleted then, with a note where they are. After an interruption the same command "
               "continues.",
           .positionals = {{.name = "NAME", .completes = Completes::datastore}},
           .options = {{.name = "--to",
                        .value = "STORE",
                        .help = "the other store: a folder or s3://bucket/prefix; it is made if "
                                "there is none",
                        .completes = Completes::folder},
                       {.name = "--keep", .help = "copy: leave the datastore here as well"}},
           .examples = {"grid datastore move cats --to s3://my-bucket/datastores",
                        "grid --store s3://my-bucket/datastores datastore move cats --to ./store"}},
      .run = move};
}

}  // namespace grid::cli
