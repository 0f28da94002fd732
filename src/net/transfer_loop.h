// A thread that does transfers of an HttpClient. Its .cc is the one file that knows libcurl.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/http.h"

namespace grid::net {

// A request on its way: what the thread that asked and the thread that transfers share.
struct Transfer {
  HttpRequest request;   // does not change once it is started
  bool streams = false;  // the body is taken piece by piece from `waiting`

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
  explicit TransferLoop(const HttpOptions& options);  // which outlive it
  ~TransferLoop();

  void start(std::shared_ptr<Transfer> transfer);
  void resume(const std::shared_ptr<Transfer>& transfer);  // there is room in `waiting` again
  void cancel(const std::shared_ptr<Transfer>& transfer);  // it ends soon, if it has not

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
