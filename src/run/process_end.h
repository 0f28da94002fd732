// How a process ended, and what it used.
#pragma once

#include <cstdint>
#include <optional>

namespace grid::run {

// How a process ended: with a status or by a signal.
struct ExitStatus {
  int status = 0;             // of exit(3)
  std::optional<int> signal;  // which killed it

  bool operator==(const ExitStatus&) const = default;
};

// What a process used, with those of its descendants that it waited for.
struct Resources {
  double user_seconds = 0, system_seconds = 0;
  std::uint64_t memory_peak = 0;  // bytes, of the largest of these processes

  bool operator==(const Resources&) const = default;
};

// Ends this process as another one ended, by the same signal if there was one, so that the caller
// cannot tell the difference. Runs no destructors.
[[noreturn]] void exit_like(const ExitStatus& end);

}  // namespace grid::run
