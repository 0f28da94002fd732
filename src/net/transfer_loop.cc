#include "net/transfer_loop.h"

#include <pthread.h>

#include <csignal>
#include <unordered_map>
#include <utility>

#include "base/file.h"
#include "base/start_thread.h"
#include "base/text.h"
#include "net/active_transfer.h"
#include "net/libcurl.h"

namespace grid::net {

namespace {

struct ReleaseMulti {  // CURL and CURLM are both void
  void operator()(CURLM* multi) const { curl().multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, ReleaseMulti>;

// libcurl may write to a socket whose peer has closed it; SIGPIPE must not end the process. Other
// signals are left to other threads.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

// libcurl takes one file, or the content of several.
std::string authorities_of(const std::vector<std::string>& ca_files) {
  std::string together;
  for (const std::string& file : ca_files) {
    if (ca_files.size() == 1) break;
    const std::optional<Bytes> content = find_file_bytes(file);
    if (!content)
      fail(ErrorKind::not_found, "there is no file {} with certificate authorities", file);
    together.append(as_text(*content)).append("\n");
  }
  return together;
}

}  // namespace

// Only the loop's thread touches this, except to wake it up.
struct TransferLoop::Machinery {
  explicit Machinery(const HttpOptions& with)
      : options(with), authorities(authorities_of(with.ca_files)) {
    multi.reset(curl().multi_init());
    if (multi == nullptr) throw std::bad_alloc();
    const auto per_host = static_cast<long>(options.connections_per_host_max);
    curl().multi_setopt(multi.get(), CURLMOPT_MAX_HOST_CONNECTIONS, per_host);
    curl().multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, per_host);
  }

  ~Machinery() { drop_all(); }

  void start(std::shared_ptr<Transfer> transfer) {
    auto starting = std::make_unique<ActiveTransfer>(transfer, options, authorities);
    prepare(*starting, active.size());
    CURL* easy = starting->easy.get();
    active.emplace(transfer.get(), std::move(starting));
    curl().multi_add_handle(multi.get(), easy);
  }

  void resume(const std::shared_ptr<Transfer>& transfer) {
    auto at = active.find(transfer.get());
    if (at != active.end()) curl().easy_pause(at->second->easy.get(), CURLPAUSE_CONT);
  }

  void drop(std::shared_ptr<Transfer> transfer, CURLcode code) {
    auto at = active.find(transfer.get());
    if (at == active.end()) return;
    curl().multi_remove_handle(multi.get(), at->second->easy.get());
    end(*at->second, code);
    active.erase(at);
  }

  void drop_all() {
    while (!active.empty()) drop(active.begin()->second->transfer, CURLE_ABORTED_BY_CALLBACK);
  }

  void transfer_some() {
    int running = 0;
    curl().multi_perform(multi.get(), &running);
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      ActiveTransfer* done = nullptr;
      const CURLcode code = message->data.result;  // freed with the handle
      curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
      drop(done->transfer, code);
    }
  }

  const HttpOptions& options;
  const std::string authorities;  // the content of several ca_files
  MultiHandle multi;
  std::unordered_map<Transfer*, std::unique_ptr<ActiveTransfer>> active;
};

TransferLoop::TransferLoop(const HttpOptions& options)
    : machinery_(std::make_unique<Machinery>(options)) {}

TransferLoop::~TransferLoop() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  curl().multi_wakeup(machinery_->multi.get());
  if (thread_.joinable()) thread_.join();
}

void TransferLoop::push(Command command) {
  {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = start_thread([this] { work(); });
    commands_.push_back(std::move(command));
  }
  curl().multi_wakeup(machinery_->multi.get());
}

void TransferLoop::start(std::shared_ptr<Transfer> transfer) {
  push({What::start, std::move(transfer)});
}
void TransferLoop::resume(const std::shared_ptr<Transfer>& transfer) {
  push({What::resume, transfer});
}
void TransferLoop::cancel(const std::shared_ptr<Transfer>& transfer) {
  push({What::cancel, transfer});
}

WaitWatch* TransferLoop::watch() const { return machinery_->options.watch.get(); }

void TransferLoop::work() {
  block_signals();
  for (;;) {
    std::vector<Command> commands;
    {
      std::lock_guard lock(mutex_);
      commands.swap(commands_);
      if (ending_ && commands.empty()) return;
    }
    for (Command& command : commands) {
      if (command.what == What::start)
        machinery_->start(std::move(command.transfer));
      else if (command.what == What::resume)
        machinery_->resume(command.transfer);
      else
        machinery_->drop(command.transfer, CURLE_ABORTED_BY_CALLBACK);
    }
    machinery_->transfer_some();
    if (machinery_->options.stop && machinery_->options.stop->stopped()) machinery_->drop_all();
    if (machinery_->options.watch) machinery_->options.watch->look();
    curl().multi_poll(machinery_->multi.get(), nullptr, 0, 1'000, nullptr);
  }
}

}  // namespace grid::net
