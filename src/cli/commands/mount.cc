// `grid mount` forks: the child serves the mount until it is unmounted; the parent waits until
// the mount answers, or the child says why it does not.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include "base/fork.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "run/mount_uses.h"
#include "run/process_setup.h"
#include "service/mounts.h"

namespace grid::cli {

namespace {

namespace fs = std::filesystem;

// Tells the parent once that the child is ready, or why it is not.
class Readiness {
 public:
  explicit Readiness(FileDescriptor pipe) : pipe_(std::move(pipe)) {}

  int descriptor() const { return pipe_.get(); }
  void tell_ready() { tell("ready"); }
  void tell_failure(const Error& error) {
    tell(fmt::format("{} {}", static_cast<int>(error.kind()), error.what()));
  }

 private:
  void tell(std::string_view text) {
    if (pipe_) write_all(pipe_.get(), as_bytes(text), "a pipe");
    pipe_.reset();
  }

  FileDescriptor pipe_;  // none in the foreground, where no parent waits
};

struct MountPlan {
  fs::path folder;  // see service::mount_path()
  fs::path log;     // of the child; empty: its messages are lost
  bool allow_other = false;
};

void serve(const Context& context, const MountPlan& plan, Readiness& ready) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::attach);
  std::unique_ptr<run::MountUses> uses;
  // What is written beside the mount must not fail its readers: the log's disk may be full.
  const auto warn = [&](std::string_view sentence) {
    try {
      output.warn(sentence);
    } catch (...) {
    }
  };
  mount::Filesystem filesystem(store, {.on_touch =
                                           [&](const mount::VersionName& version) {
                                             uses->add({version.name, version.number});
                                           },
                                       .on_problem = warn});
  mount::FuseServer server(filesystem, {.source_name = "grid",
                                        .allow_other = plan.allow_other,
                                        .on_ready = [&] { ready.tell_ready(); }});
  server.mount(plan.folder);
  uses = std::make_unique<run::MountUses>(context.settings.attachment_folder,
                                          run::Attachment{.kind = run::AttachmentKind::mount,
                                                          .label = plan.folder,
                                                          .store_id = store->marker.store_id,
                                                          .versions = {},
                                                          .pid = 0,
                                                          .file_system = server.number()},
                                          warn);
  // Everything is open, so the folder in which this process started may go.
  [[maybe_unused]] int changed = ::chdir("/");
  server.serve_until_signal();
}

// Where the child's messages go: /dev/null, with a warning, if the log cannot be written.
FileDescriptor open_log(Output& output, MountPlan& plan) {
  try {
    make_private_folders(plan.log.parent_path());
    return open_file(plan.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  } catch (const Error& error) {
    output.warn(fmt::format("the messages of the mount will be lost: {}", error.what()));
    plan.log.clear();
    return open_file("/dev/null", O_WRONLY);
  }
}

// The child's part: leaves its parent's terminal and session, and what its parent has open.
void leave_caller(const FileDescriptor& messages, const Readiness& ready) {
  ::setsid();
  FileDescriptor null = open_file("/dev/null", O_RDONLY);
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(messages.get(), STDOUT_FILENO);
  ::dup2(messages.get(), STDERR_FILENO);
  run::close_all_but({ready.descriptor()});
}

int serve_as_child(const Context& context, const MountPlan& plan, const FileDescriptor& messages,
                   Readiness& ready) {
  try {
    leave_caller(messages, ready);
    serve(context, plan, ready);
    return 0;
  } catch (const Error& failure) {
    // Reported twice on purpose: to the parent, if it still waits, and to the log.
    ready.tell_failure(failure);
    context.output.warn(failure.what());
  } catch (const std::exception& failure) {  // there is no memory, or no thread can be made
    ready.tell_failure(Error(ErrorKind::unavailable, failure.what()));
    context.output.warn(failure.what());
  }
  return 1;
}

// While this object lives, a signal that ends this process ends the child too: the user has given
// up waiting for the mount.
class ChildWaitedFor {
 public:
  explicit ChildWaitedFor(pid_t child) {
    waited_for = child;
    struct sigaction action {};
    action.sa_handler = end_both;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      ::sigaction(signals[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &action, nullptr);
    }
  }
  ~ChildWaitedFor() {
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
  }
  ChildWaitedFor(const ChildWaitedFor&) = delete;
  ChildWaitedFor& operator=(const ChildWaitedFor&) = delete;

 private:
  static constexpr std::array<int, 4> signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  static void end_both(int signal) {
    ::kill(waited_for, SIGTERM);
    // Its end is its unmounting, if it has mounted already.
    ::waitpid(waited_for, nullptr, 0);
    ::raise(signal);  // whose action is the default one again
  }

  static inline volatile pid_t waited_for = 0;
  std::array<struct sigaction, signals.size()> before_{};
};

// The parent's part: returns when the child is ready, throws why it is not.
void wait_until_ready(FileDescriptor pipe, const MountPlan& plan) {
  std::string told;
  char piece[512];
  for (;;) {
    ssize_t got = ::read(pipe.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    told.append(piece, static_cast<std::size_t>(got));
  }
  if (told != "ready") {
    std::size_t space = told.find(' ');
    if (space == told.npos)
      fail(ErrorKind::unavailable, "the mount at {} ended before it was ready{}",
           plan.folder.string(), plan.log.empty() ? "" : "; see " + plan.log.string());
    throw Error(static_cast<ErrorKind>(std::stoi(told)), told.substr(space + 1));
  }
  struct stat status;
  DIR* listing =
      ::stat(plan.folder.c_str(), &status) == 0 ? ::opendir(plan.folder.c_str()) : nullptr;
  bool answers = listing != nullptr && ::readdir(listing) != nullptr;
  int error = errno;
  if (listing != nullptr) ::closedir(listing);
  if (!answers)
    throw system_error(error, fmt::format("the mount at {} does not answer", plan.folder.string()));
}

void report_mounted(Output& output, const Settings& settings, const MountPlan& plan, pid_t pid) {
  if (!output.json()) {
    output.say(fmt::format("mounted at {}; end it with: grid unmount {}", plan.folder.string(),
                           shell_word(plan.folder.string())));
    return;
  }
  service::JsonWriter json(output.result_writer());
  service::write_document(json, service::Mounted{.folder = plan.folder.string(),
                                                 .store = settings.store,
                                                 .log = plan.log.string(),
                                                 .pid = pid});
}

int mount_in_background(Context& context, MountPlan plan) {
  // Reports a missing store before the fork.
  context.open_store();
  FileDescriptor messages = open_log(context.output, plan);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  FileDescriptor told(ends[0]), tell(ends[1]);
  const pid_t child = fork_child([&] {
    told.reset();
    Readiness ready(std::move(tell));
    return serve_as_child(context, plan, messages, ready);
  });
  if (child < 0) throw system_error(errno, "cannot start the mount's process");
  tell.reset();
  messages.reset();
  const ChildWaitedFor waited(child);
  try {
    wait_until_ready(std::move(told), plan);
    report_mounted(context.output, context.settings, plan, child);
  } catch (...) {
    // A command that says it has failed leaves no mount behind.
    ::kill(child, SIGTERM);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw;
  }
  return 0;
}

int mount_command_run(Context& context, const Arguments& arguments) {
  MountPlan plan;
  plan.folder = service::mount_path(arguments.get("DIR"));
  plan.log = service::mount_log(context.settings, plan.folder);
  plan.allow_other = arguments.has("--allow-other");
  service::prepare_mount(context.settings, plan.folder);
  if (!arguments.has("--foreground")) return mount_in_background(context, std::move(plan));
  Readiness nobody{FileDescriptor()};
  serve(context, plan, nobody);
  return 0;
}

}  // namespace

Command mount_command() {
  return {
      .spec = {.path = {"mount"},
               .summary = "Mount all datastores as DIR/NAME/VERSION, read-only",
               .description = "Returns when the mount answers. Versions that are published or "
                              "deleted later appear or disappear by themselves. DIR/NAME/latest "
                              "is the newest version.",
               .positionals = {{.name = "DIR", .completes = Completes::folder}},
               .options = {{.name = "--foreground",
                            .short_name = "-f",
                            .help = "stay in the foreground until unmounted or interrupted"},
                           {.name = "--allow-other",
                            .help = "let other users read it (needs user_allow_other in "
                                    "/etc/fuse.conf, unless you are root)"}},
               .examples = {"grid mount ~/datastores", "ls ~/datastores/cats/latest"}},
      .run = mount_command_run};
}

}  // namespace grid::cli
