#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace grid {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::already_exists:
      return "already_exists";
    case ErrorKind::invalid_argument:
      return "invalid_argument";
    case ErrorKind::permission_denied:
      return "permission_denied";
    case ErrorKind::no_space:
      return "no_space";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::changed:
      return "changed";
    case ErrorKind::corrupt:
      return "corrupt";
  }
  return "unknown";
}

Error system_error(int error_number, std::string_view doing) {
  ErrorKind kind = ErrorKind::unavailable;
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      kind = ErrorKind::not_found;
      break;
    case EEXIST:
      kind = ErrorKind::already_exists;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::permission_denied;
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      kind = ErrorKind::no_space;
      break;
    case EINVAL:
    case ENAMETOOLONG:
      kind = ErrorKind::invalid_argument;
      break;
    default:
      break;
  }
  return Error(kind, fmt::format("{}: {}{}", doing,
                                 std::error_code(error_number, std::generic_category()).message(),
                                 error_number == EFBIG ? " (ulimit -f tells the limit)" : ""));
}

int errno_of(const Error& error) noexcept {
  switch (error.kind()) {
    case ErrorKind::not_found:
      return ENOENT;
    case ErrorKind::already_exists:
      return EEXIST;
    case ErrorKind::invalid_argument:
      return EINVAL;
    case ErrorKind::permission_denied:
      return EACCES;
    case ErrorKind::no_space:
      return ENOSPC;
    case ErrorKind::unsupported:
      return ENOTSUP;
    case ErrorKind::unavailable:
    case ErrorKind::changed:
    case ErrorKind::corrupt:
      return EIO;
  }
  return EIO;
}

}  // namespace grid
