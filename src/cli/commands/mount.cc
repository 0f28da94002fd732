// `grid mount` forks: the child serves the mount until it is unmounted; the parent waits until
// the mount answers, or the child says why it does not.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <mutex>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "run/attachment.h"
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

// Lets other processes see which versions the mount's readers have looked into. Thread-safe.
class Uses {
 public:
  Uses(const fs::path& folder, run::Attachment attachment)
      : attachment_(folder, std::move(attachment)) {}

  void add(const mount::VersionName& version) {
    std::lock_guard lock(mutex_);
    used_.push_back({version.name, version.number});
    attachment_.use(used_);
  }

 private:
  std::mutex mutex_;  // held while the attachment is written, which is rare and short
  std::vector<run::UsedVersion> used_;  // guarded by mutex_
  run::LiveAttachment attachment_;      // guarded by mutex_
};

struct MountPlan {
  fs::path folder;  // absolute
  fs::path log;     // of the child
  bool allow_other = false;
};

void serve(const Context& context, const MountPlan& plan, Readiness& ready) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::attach);
  std::unique_ptr<Uses> uses;
  mount::Filesystem filesystem(
      store, {.on_touch = [&](const mount::VersionName& version) { uses->add(version); },
              .on_problem = [&](std::string_view sentence) { output.warn(sentence); }});
  mount::FuseServer server(filesystem, {.source_name = "grid",
                                        .allow_other = plan.allow_other,
                                        .on_ready = [&] { ready.tell_ready(); }});
  server.mount(plan.folder);
  uses = std::make_unique<Uses>(context.settings.attachment_folder,
                                run::Attachment{.kind = run::AttachmentKind::mount,
                                                .label = plan.folder,
                                                .store_id = store->marker.store_id});
  // Everything is open, so the folder in which this process started may go.
  [[maybe_unused]] int changed = ::chdir("/");
  server.serve_until_signal();
}

// The child's part: leaves its parent's terminal and session.
void leave_terminal(const fs::path& log) {
  ::setsid();
  FileDescriptor null = open_file("/dev/null", O_RDONLY);
  FileDescriptor messages = open_file(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(messages.get(), STDOUT_FILENO);
  ::dup2(messages.get(), STDERR_FILENO);
}

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
      fail(ErrorKind::unavailable, "the mount at {} ended before it was ready; see {}",
           plan.folder.string(), plan.log.string());
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

int mount_in_background(Context& context, const MountPlan& plan) {
  // Reports a missing store before the fork.
  context.open_store();
  make_private_folders(plan.log.parent_path());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  FileDescriptor told(ends[0]), tell(ends[1]);
  pid_t child = ::fork();
  if (child < 0) throw system_error(errno, "cannot start the mount's process");
  if (child > 0) {
    tell.reset();
    wait_until_ready(std::move(told), plan);
    report_mounted(context.output, context.settings, plan, child);
    return 0;
  }
  told.reset();
  Readiness ready(std::move(tell));
  try {
    leave_terminal(plan.log);
    run::close_all_but({ready.descriptor()});
    serve(context, plan, ready);
  } catch (const Error& failure) {
    // Reported twice on purpose: to the parent, if it still waits, and to the log.
    ready.tell_failure(failure);
    context.output.warn(failure.what());
    return 1;
  }
  return 0;
}

int mount_command_run(Context& context, const Arguments& arguments) {
  MountPlan plan;
  plan.folder = fs::absolute(arguments.get("DIR")).lexically_normal();
  if (!plan.folder.has_filename()) plan.folder = plan.folder.parent_path();
  plan.log = service::mount_log(context.settings, plan.folder);
  plan.allow_other = arguments.has("--allow-other");
  service::refuse_second_mount(context.settings, plan.folder);
  if (!arguments.has("--foreground")) return mount_in_background(context, plan);
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
