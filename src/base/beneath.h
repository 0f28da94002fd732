// Opens what lies below an open folder, and nothing else, whatever the path says and whoever
// changes the folders meanwhile.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/file.h"

namespace grid {

// openat(2) with O_CLOEXEC that follows no link, neither at the end of `path` nor on the way; "" is
// the folder itself. Empty, with the reason in errno, if it fails: ELOOP where a link stands (but
// O_PATH | O_NOFOLLOW opens the link that is last), EXDEV for a path that is not made of plain
// names
// ("/a", "a//b", "..", "."), else as openat(2). A path may be longer than PATH_MAX. As openat2(2)
// does, refuses flags that contradict each other.
FileDescriptor open_beneath(int folder, std::string_view path, int flags, mode_t mode = 0);

// The same without openat2(2), folder by folder: for kernels before 5.6 and for sandboxes that
// forbid it. open_beneath() falls back to it.
FileDescriptor walk_beneath(int folder, std::string_view path, int flags, mode_t mode = 0);

// Whether `name` is that of an entry in a folder: not empty, not "." or "..", no '/' and no NUL.
bool is_plain_name(std::string_view name);

}  // namespace grid
