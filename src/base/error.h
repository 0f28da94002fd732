// The one exception type: a kind for programs and a sentence for people.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace grid {

enum class ErrorKind {
  not_found,
  already_exists,
  invalid_argument,  // the caller asked for something impossible: exit status 2
  permission_denied,
  no_space,
  unavailable,  // a retry may help
  unsupported,  // this machine or this program cannot do it; the sentence says what can
  changed,      // the source was not stable while it was read
  corrupt,      // stored bytes are not what was stored
};

std::string_view name_of(ErrorKind kind);

// The message is a sentence without a full stop that says what was being done, to what, what
// happened and, where it is known, what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const { return kind_; }

  // The same error, seen from a layer that knows one more noun: "cats:3: images/7.jpg: chunk …".
  Error within(std::string_view noun) const {
    return Error(kind_, std::string(noun) + ": " + what());
  }

 private:
  ErrorKind kind_;
};

template <class... Args>
[[noreturn]] void fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

// The error for a failed system call; `doing` reads like "cannot open /data/cats".
Error system_error(int error_number, std::string_view doing);

// The errno that stands for an error at the edge to the kernel (FUSE, exit paths).
int errno_of(const Error& error) noexcept;

}  // namespace grid
