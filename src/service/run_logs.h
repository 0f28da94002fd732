// Reads what a run printed, as a stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "run/runs.h"
#include "service/settings.h"

namespace grid::service {

// The log of one run, read from front to back, also while the run writes it:
//
//   do
//     for (BytesView piece; !(piece = log.read_next()).empty();) …
//   while (log.wait_for_more(stop));
//
// gives everything that the run prints until it is over. Not thread-safe.
class RunLog {
 public:
  // Begins at byte `offset`. Throws `not_found` with the nearest names, `invalid_argument` for a
  // sweep, whose experiments have logs of their own.
  RunLog(const Settings& settings, const std::string& name, std::uint64_t offset = 0);

  // Why the run could not start, or empty.
  const std::string& reason() const { return reason_; }

  // The next bytes printed, valid until the next call; empty if there are no more yet.
  BytesView read_next();

  // Whether read_next() has given the last byte: the run was over when this was called before. Call
  // it when read_next() gave none.
  bool is_at_end();

  // Waits a short while, in which the run may print more, and returns true. Returns false if the
  // run was over when read_next() gave its last byte, or once `*stop` is true.
  bool wait_for_more(const std::atomic<bool>* stop = nullptr);

 private:
  const run::Runs runs_;
  const run::RunFolder folder_;
  std::string reason_;
  std::uint64_t offset_;
  FileDescriptor file_;  // none: the run has printed nothing yet
  Bytes piece_;
  bool over_ = false;
};

}  // namespace grid::service
