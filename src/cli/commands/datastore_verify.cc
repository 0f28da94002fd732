#include "cli/args.h"
#include "cli/commands.h"
#include "cli/damages.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/references.h"
#include "cli/text.h"
#include "service/verification.h"

namespace grid::cli {

namespace {

using care::Damage;

// "cats:2: images/7.jpg", as far as it is known.
std::string place_of(const Damage& damage) {
  if (damage.name.empty()) return "the store";
  std::string out = damage.version == 0 ? damage.name : dataset::spell(damage.name, damage.version);
  return damage.path.empty() ? out : out + ": " + damage.path;
}

// What was seen and not checked, in one sentence; empty if there was nothing.
std::string not_checked(const care::VerifyReport& report) {
  std::string deleted, unindexed;
  if (report.deleted_versions > 0)
    deleted =
        fmt::format("the trees of {}", format_count(report.deleted_versions, "deleted version"));
  if (report.unindexed_packs > 0)
    unindexed = fmt::format("{} without an index, left by interrupted creates, {}",
                            format_count(report.unindexed_packs, "data object"),
                            format_size(report.unindexed_bytes));
  return deleted + (deleted.empty() || unindexed.empty() ? "" : "; ") + unindexed;
}

void write_report(Output& output, const service::Verification& verification) {
  const care::VerifyReport& report = verification.report;
  write_damages(output, report.damages);
  for (const Damage& drift : report.drifts)
    output.write(fmt::format("drifted  {}: {}\n", escape_controls(place_of(drift)),
                             escape_controls(drift.reason)));
  for (const Damage& unseen : report.unseen)
    output.write(fmt::format("unseen   {}: {}\n", escape_controls(place_of(unseen)),
                             escape_controls(unseen.reason)));
  for (const std::string& note : report.notes)
    output.write(fmt::format("note     {}\n", escape_controls(note)));
  if (const std::string rest = not_checked(report); !rest.empty())
    output.write(fmt::format("not checked: {}\n", rest));
  if (report.files_in_place > 0)
    output.write(fmt::format(
        "{} in place compared by size and ETag with the listings of their buckets, not read: {}\n",
        format_count(report.files_in_place, "file"),
        report.drifts.empty() ? "none has drifted"
                              : format_count(report.drifts.size()) + " drifted"));
  output.write(
      fmt::format("{}, {}, {} checked in {}: {}\n", format_count(report.versions, "version"),
                  format_count(report.files, "file"), format_size(report.bytes),
                  format_duration(verification.elapsed),
                  !report.damages.empty() ? format_count(report.damages.size(), "damage") + " found"
                  : !report.unseen.empty() ? "what could be looked at is well"
                                           : "all is well"));
}

}  // namespace

void write_damages(Output& output, const std::vector<Damage>& damages) {
  for (const Damage& damage : damages)
    output.write(fmt::format("damaged  {}: {}\n", escape_controls(place_of(damage)),
                             escape_controls(damage.reason)));
}

int warn_of_unreadable(Output& output, const std::vector<Damage>& unreadable) {
  for (const Damage& damage : unreadable)
    output.warn(fmt::format("{}: {}", place_of(damage), damage.reason));
  return unreadable.empty() ? 0 : 1;
}

namespace {

int verify(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::vector<dataset::Reference> scope;
  for (const std::string& word : arguments.all("NAME[:V]")) scope.push_back(parse_reference(word));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();

  care::VerifyProgress progress;
  service::Verification verification;
  {
    InterruptNotice notice(output, [] { return "interrupted: not everything was checked"; });
    ProgressBar bar(output, "verify", [&] {
      return ProgressState{.bytes_done = progress.bytes_done, .bytes_total = progress.bytes_total};
    });
    verification = service::verify_versions(
        *store, scope, progress,
        arguments.has("--all") ? care::PacksChecked::all : care::PacksChecked::needed);
  }
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, verification);
  } else {
    write_report(output, verification);
  }
  return verification.is_well() ? 0 : 1;
}

}  // namespace

Command datastore_verify_command() {
  return {
      .spec =
          {.path = {"datastore", "verify"},
           .summary = "Read and check all content, and report every damaged file",
           .description =
               "The exit status is 1 if anything is damaged or has drifted. Without a name, "
               "checks every version of every datastore and every pack of the store; with "
               "one, what it needs. Reads what the store has, and nothing that this machine keeps "
               "of it. Files in place (--no-copy) are not read, but compared by size and ETag "
               "with the listings of their buckets. `grid store repair` heals damage.",
           .positionals = {{.name = "NAME[:V]",
                            .required = false,
                            .repeatable = true,
                            .completes = Completes::version}},
           .options = {{.name = "--all",
                        .help = "check every pack of the store, whatever needs it"}},
           .examples = {"grid datastore verify", "grid datastore verify cats:3"}},
      .run = verify};
}

}  // namespace grid::cli
