#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "cli/args.h"
#include "cli/commands.h"
#include "run/executor.h"

namespace grid::cli {

namespace {

constexpr std::chrono::milliseconds look_again{100};

// Writes what the log has from `offset` on; returns where it ends now.
std::uint64_t write_from(Output& output, const run::RunFolder& folder, std::uint64_t offset) {
  const FileDescriptor log = find_file(folder.log(), O_RDONLY);
  Bytes piece(64 << 10);
  while (log) {
    const std::size_t got = read_at(log.get(), piece, offset, folder.log().native());
    if (got == 0) break;
    output.write(BytesView(piece).first(got));
    offset += got;
  }
  output.flush();
  return offset;
}

int write_log(Context& context, const Arguments& arguments) {
  const run::Runs runs(context.settings.run_folder);
  const run::RunFolder folder = runs.get(arguments.get("RUN"));
  const run::RunRecord record = folder.read();
  if (!record.experiments.empty())
    fail(ErrorKind::invalid_argument, "{} is a sweep: name one of its experiments, for instance {}",
         record.name, record.experiments.front());
  if (!record.reason.empty()) context.output.say(record.reason);
  std::uint64_t offset = write_from(context.output, folder, 0);
  if (!arguments.has("--follow")) return 0;
  for (;;) {
    // Whether it is over is asked first: what it wrote last is then in the log.
    const bool over = run::is_over(run::observe(runs, folder.read()));
    offset = write_from(context.output, folder, offset);
    if (over) return 0;
    std::this_thread::sleep_for(look_again);
  }
}

}  // namespace

Command logs_command() {
  return {.spec = {.path = {"logs"},
                   .summary = "Print what a run printed",
                   .positionals = {{.name = "RUN", .completes = Completes::run}},
                   .options = {{.name = "--follow",
                                .short_name = "-f",
                                .help = "go on until the run is over"}},
                   .examples = {"grid logs quiet-otter-42", "grid logs -f quiet-otter-42"}},
          .run = write_log};
}

}  // namespace grid::cli
