// The program: words in, exit status out. Every failure ends here as one sentence.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <new>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/text.h"
#include "cli/version.h"

namespace grid::cli {

namespace {

// Says what a silent server is asked for, after two seconds and then less and less often.
std::shared_ptr<net::WaitWatch> say_what_is_waited_for(Output& output) {
  return std::make_shared<net::WaitWatch>(
      std::chrono::seconds(2), [&output](const net::Wait& wait) {
        std::string_view doing = wait.doing;
        if (doing.starts_with("cannot ")) doing.remove_prefix(7);
        std::string tried;
        if (wait.tries > 0)
          tried = fmt::format(": {} (tried {} times); trying again", wait.trouble, wait.tries);
        else if (!wait.so_far.empty())
          tried = ": " + wait.so_far;
        output.say(fmt::format("still waiting to {}, after {}{}", doing,
                               format_duration(wait.waited), tried));
      });
}

int invoke(const Invocation& invocation, Output& output) {
  switch (invocation.what) {
    case Invocation::What::version:
      output.write(fmt::format("grid {}\n", program_version()));
      return 0;
    case Invocation::What::help:
      output.write(help_text(command_table(), invocation.help_path, output.message_width()));
      return 0;
    case Invocation::What::run:
      break;
  }
  Settings settings = read_settings(invocation.globals.store);
  settings.servers.http.watch = say_what_is_waited_for(output);
  settings.servers.warn = [&output](std::string_view sentence) { output.warn(sentence); };
  Context context{settings, output};
  output.debug(fmt::format("store {}", settings.store));
  if (const std::string hint = home_hint(settings);
      !hint.empty() && !invocation.command->spec.hidden)
    output.warn(hint);
  int status = 0;
  try {
    status = invocation.command->run(context, *invocation.arguments);
  } catch (const Error& error) {  // only here is known where a folder's name came from
    const std::string hint = folder_hint(settings, error.what());
    if (hint.empty()) throw;
    throw Error(error.kind(), error.what() + hint);
  }
  output.flush();
  output.debug(fmt::format("exit status {}", status));
  return status;
}

int status_of(ErrorKind kind) { return kind == ErrorKind::invalid_argument ? 2 : 1; }

// Runs `body`, which returns an exit status; reports what it throws and returns a status for it.
template <class Body>
int reported(Output& output, Body body) {
  try {
    return body();
  } catch (const OutputClosed&) {
    return 128 + SIGPIPE;
  } catch (const Error& error) {
    output.report(error.kind(), error.what());
    return status_of(error.kind());
  } catch (const std::bad_alloc&) {
    output.report(ErrorKind::no_space, "out of memory");
  } catch (const std::exception& error) {
    output.report(ErrorKind::unavailable, error.what());
  }
  return 1;
}

// Makes a write beyond `ulimit -f` fail with EFBIG, which is reported, instead of ending the
// process without a word. The signal is caught and not ignored, since the programs that grid starts
// would inherit that.
void report_file_size_limit() {
  struct sigaction action {};
  ::sigaction(SIGXFSZ, nullptr, &action);
  if (action.sa_handler != SIG_DFL) return;
  action.sa_handler = [](int) {};
  ::sigaction(SIGXFSZ, &action, nullptr);
}

// Lets no file that is opened later become a standard stream, to be written to by mistake. A script
// gets these too: /dev/null in place of nothing.
void open_missing_streams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Without /dev any folder keeps the place.
    const int opened = ::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    if (opened < 0) (void)::open("/", O_RDONLY);
  }
}

// Whatever the umask, the user can use what grid makes for itself: a umask that takes the user's
// own rights would make records that no later command could read.
void keep_own_rights() {
  constexpr mode_t own_rights = 0700;
  ::umask(::umask(0) & ~own_rights);
}

int run_words(const std::vector<std::string>& words) {
  std::optional<Invocation> invocation;
  Output early({.format = asks_for_json(words) ? Format::json : Format::text});
  int status = reported(early, [&] {
    invocation = parse(command_table(), words);
    return 0;
  });
  if (!invocation) return status;
  const GlobalOptions& globals = invocation->globals;
  Output output({.format = globals.json ? Format::json : Format::text,
                 .quiet = globals.quiet,
                 .debug = globals.debug});
  return reported(output, [&] {
    int done = invoke(*invocation, output);
    output.flush();
    return done;
  });
}

}  // namespace

}  // namespace grid::cli

int main(int argc, char** argv) {
  grid::cli::open_missing_streams();
  grid::cli::keep_own_rights();
  grid::cli::report_file_size_limit();
  return grid::cli::run_words(std::vector<std::string>(argv + 1, argv + argc));
}
