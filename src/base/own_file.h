// Files of folders in which only this program has files, such as the node's cache. A FIFO there
// would hold a reader up for ever, and a link could lead anywhere or in a circle. What is no
// regular file is out of place, and goes.
#pragma once

#include <filesystem>
#include <optional>

#include "base/file.h"

namespace grid {

// Like find_file(), but what is no regular file is removed (a folder gets another name), and counts
// as absent. Links are not followed.
FileDescriptor find_own_file(const std::filesystem::path& path, int flags);
// Like open_file(), after removing what is no regular file.
FileDescriptor open_own_file(const std::filesystem::path& path, int flags,
                             mode_t mode = private_file_mode);
// Like find_file_bytes().
std::optional<Bytes> find_own_file_bytes(const std::filesystem::path& path);

// The same without removing anything, for what a person may have put there: links are followed, and
// what is no regular file counts as absent. A FIFO is not waited for.
FileDescriptor find_regular_file(const std::filesystem::path& path, int flags);
std::optional<Bytes> find_regular_file_bytes(const std::filesystem::path& path);

// Removes what is at `path` unless it is a regular file. Throws Error if it cannot.
void remove_unless_file(const std::filesystem::path& path);

}  // namespace grid
