#include <atomic>
#include <filesystem>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/references.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "net/url.h"
#include "service/moves.h"

namespace grid::cli {

namespace {

ProgressState state_of(const care::MoveProgress& progress) {
  return {.files_done = progress.files_done,
          .bytes_done = progress.bytes_done,
          .files_total = progress.files_total,
          .bytes_total = progress.bytes_total,
          .savings =
              Savings{.fresh = progress.chunks.bytes_sent, .stored = progress.chunks.bytes_stored}};
}

std::string summary(const service::Move& move) {
  if (move.result.moved_before)
    return fmt::format("{} is already in {}: it was moved before\n", move.name, move.to);
  const std::string sent =
      fmt::format("sent {}, {} already there, in {}", format_size(move.bytes_stored),
                  format_size(move.bytes_checked), format_duration(move.elapsed));
  return fmt::format("{}  {} {} to {}  · {}\n", move.name,
                     format_count(move.result.versions.size(), "version"),
                     move.kept ? "copied" : "moved", move.to, sent);
}

// What someone may type who means a new name and not a store.
bool is_new_relative_folder(const std::string& store) {
  std::error_code ignored;
  return store.find("://") == store.npos && std::filesystem::path(store).is_relative() &&
         !std::filesystem::exists(store, ignored);
}

int move(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  service::MoveRequest request{.name = service::moved_name(parse_reference(arguments.get("NAME"))),
                               .keep = arguments.has("--keep")};
  if (!arguments.has("--to"))
    fail(ErrorKind::invalid_argument, "name the store to move {} to with --to STORE", request.name);
  request.to = net::with_plain_scheme(arguments.get("--to"));
  if (!arguments.has("--yes") && is_new_relative_folder(request.to) &&
      !is_confirmed(output,
                    fmt::format("{} is no store yet. Make one in this folder, and move {} there? "
                                "(To rename: grid datastore rename {} NEW)",
                                from_root(request.to), request.name, request.name),
                    fmt::format("moving {} to a new store in {} (to rename it: grid datastore "
                                "rename {} NEW)",
                                request.name, from_root(request.to), request.name))) {
    output.say("nothing was moved");
    return 1;
  }
  std::shared_ptr<dataset::OpenStore> from = context.open_store();
  std::shared_ptr<dataset::OpenStore> to =
      service::open_destination(context.settings, *from, request);

  care::MoveProgress progress;
  service::Move moved;
  std::atomic<bool> stop = false;
  request.stop = &stop;
  {
    InterruptNotice notice(
        output, [] { return "interrupted: repeat the command to continue"; }, [&] { stop = true; });
    ProgressBar bar(output, request.name, [&] { return state_of(progress); });
    bar.interrupted_if(stop);
    moved = service::move_datastore(*from, *to, request, progress);
  }
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, moved);
  } else {
    output.write(summary(moved));
  }
  return 0;
}

}  // namespace

Command datastore_move_command() {
  return {
      .spec =
          {.path = {"datastore", "move"},
           .summary = "Move a datastore with all its versions to another store",
           .description =
               "Versions keep their numbers and digests. Only content that the other store does "
               "not have is sent; content that it has is read back and checked. Then the versions "
               "are deleted from the old store, with a note of where they are. After an "
               "interruption, the same command continues.",
           .positionals = {{.name = "NAME", .completes = Completes::datastore}},
           .options = {{.name = "--to",
                        .value = "STORE",
                        .help = "the other store, a folder or s3://BUCKET/PREFIX; it is made if it "
                                "does not exist",
                        .completes = Completes::folder},
                       {.name = "--keep", .help = "copy: keep the datastore in the old store too"},
                       {.name = "--yes",
                        .short_name = "-y",
                        .help = "make a new store in a folder below this one without asking"}},
           .examples = {"grid datastore move cats --to s3://my-bucket/datastores",
                        "grid --store s3://my-bucket/datastores datastore move cats --to ./store"}},
      .run = move};
}

}  // namespace grid::cli
