#include "cli/from_command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/error.h"
#include "base/file.h"
#include "base/own_file.h"
#include "base/random.h"
#include "base/spawn.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

constexpr std::string_view placeholder = "{}";

// One word of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string with_folder(std::string command, const std::string& folder) {
  if (command.find(placeholder) == command.npos)
    fail(ErrorKind::invalid_argument,
         "--from-command: write {{}} where the command takes the folder to fill, as in "
         "--from-command 'python download.py --root {{}}'");
  const std::string word = quoted(folder);
  for (std::size_t at = 0; (at = command.find(placeholder, at)) != command.npos; at += word.size())
    command.replace(at, placeholder.size(), word);
  return command;
}

// Copies what a command prints to standard error and to a file, until it has closed its end.
void copy_output(int from, int to) {
  Bytes buffer(64 << 10);
  for (;;) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    for (int out : {STDERR_FILENO, to}) {
      BytesView left = BytesView(buffer).first(static_cast<std::size_t>(got));
      (void)try_write_all(out, left);  // the command counts, not what is seen of it
    }
  }
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with status {}", WEXITSTATUS(status));
}

}  // namespace

CommandFolder::CommandFolder(Output& output, const Settings& settings, const std::string& command,
                             const std::string& name)
    : folder_(settings.cache_folder / "commands" / (name + "-" + random_hex(8))) {
  const std::string line = with_folder(command, path());
  make_private_folders(folder_);
  std::filesystem::create_directory(path());
  description_ = "command: " + command;
  run(output, line);
}

void CommandFolder::run(Output& output, const std::string& line) {
  const std::filesystem::path log = folder_ / "output.txt";
  const FileDescriptor kept(::open(log.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  int ends[2];
  if (!kept || ::pipe2(ends, O_CLOEXEC) != 0)
    throw system_error(errno,
                       fmt::format("cannot keep what the command prints in {}", log.string()));
  const FileDescriptor from(ends[0]);
  FileDescriptor to(ends[1]);
  output.flush();
  const auto started = std::chrono::steady_clock::now();
  const Spawned shell = spawn({.words = {"sh", "-c", line},
                               .environment = {},
                               .descriptors = {STDIN_FILENO, to.get(), to.get()}});
  if (shell.error != 0) throw system_error(shell.error, "cannot start sh");
  to = FileDescriptor();
  copy_output(from.get(), kept.get());
  int status = 0;
  while (::waitpid(shell.process, &status, 0) < 0 && errno == EINTR) continue;
  const std::string ended =
      fmt::format("{} after {}", how_it_ended(status),
                  format_duration(std::chrono::steady_clock::now() - started));
  if (status != 0)
    fail(ErrorKind::unavailable,
         "the command {}; nothing was published; what it printed is in {}, what it wrote in {}",
         ended, log.string(), path());
  if (std::filesystem::is_empty(path()))
    fail(ErrorKind::not_found,
         "the command {} and left nothing in the folder; nothing was published; what it printed is "
         "in {}",
         ended, log.string());
  description_ += fmt::format(" ({})", ended);
}

void CommandFolder::remove() {
  std::error_code ignored;  // a cache: it can be removed at any time
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace grid::cli
