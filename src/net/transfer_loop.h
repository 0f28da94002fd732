// A thread that performs transfers for an HttpClient. Only it and active_transfer.h know libcurl.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/http.h"

namespace grid::net {

// A request in flight: the state shared by the requesting thread and the transfer thread.
struct Transfer {
  HttpRequest request;   // constant once started
  bool streams = false;  // the requester takes the body piece by piece from `waiting`

  std::mutex mutex;
  std::condition_variable changed;  // head_is_there, waiting, ended
  bool head_is_there = false;       // guarded by mutex; result.response.head is then constant
  Bytes waiting;                    // guarded by mutex
  bool paused = false;              // guarded by mutex: waiting was full
  bool ended = false;               // guarded by mutex; the result is then complete and constant
  HttpResult result;
};

// Thread-safe.
class TransferLoop {
 public:
  explicit TransferLoop(const HttpOptions& options);  // must outlive the loop
  ~TransferLoop();

  void start(std::shared_ptr<Transfer> transfer);
  void resume(const std::shared_ptr<Transfer>& transfer);  // `waiting` has room again
  void cancel(const std::shared_ptr<Transfer>& transfer);  // it then ends soon

  WaitWatch* watch() const;  // of the options; may be null

 private:
  enum class What { start, resume, cancel };
  struct Command {
    What what;
    std::shared_ptr<Transfer> transfer;
  };
  struct Machinery;

  void push(Command command);
  void work();

  const std::unique_ptr<Machinery> machinery_;
  std::mutex mutex_;
  std::vector<Command> commands_;  // guarded by mutex_
  bool ending_ = false;            // guarded by mutex_
  std::thread thread_;             // guarded by mutex_
};

}  // namespace grid::net
