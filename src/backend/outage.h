// Whether a failure says anything of what is stored.
#pragma once

#include "backend/backend.h"
#include "base/error.h"

namespace grid::backend {

// An error of a server that cannot be reached says nothing of what it holds. In a local folder
// `unavailable` is damage, of a disk that cannot be read.
inline bool is_outage(const Backend& backend, const Error& error) {
  return backend.remote() && error.kind() == ErrorKind::unavailable;
}

}  // namespace grid::backend
