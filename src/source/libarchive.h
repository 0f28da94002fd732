// libarchive, loaded when the first archive is opened: it loads a dozen libraries, of which ICU
// alone has 30 MB, and few runs of the program read an archive.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "base/shared_library.h"

namespace grid::source {

// Its functions by their own names, without "archive_". Throws `unsupported` if it is not there.
struct Libarchive {
  const SharedLibrary library{"libarchive.so.13"};

#define GRID_FUNCTION(name) decltype(::archive_##name)* const name = library.find("archive_" #name)
  GRID_FUNCTION(error_string);
  GRID_FUNCTION(filter_bytes);
  GRID_FUNCTION(read_data);
  GRID_FUNCTION(read_data_skip);
  GRID_FUNCTION(read_free);
  GRID_FUNCTION(read_header_position);
  GRID_FUNCTION(read_new);
  GRID_FUNCTION(read_next_header);
  GRID_FUNCTION(read_open1);
  GRID_FUNCTION(read_set_callback_data);
  GRID_FUNCTION(read_set_read_callback);
  GRID_FUNCTION(read_set_seek_callback);
  GRID_FUNCTION(read_support_filter_bzip2);
  GRID_FUNCTION(read_support_filter_xz);
  GRID_FUNCTION(read_support_filter_zstd);
  GRID_FUNCTION(read_support_format_raw);
  GRID_FUNCTION(read_support_format_tar);
  GRID_FUNCTION(read_support_format_zip_seekable);
  GRID_FUNCTION(entry_filetype);
  GRID_FUNCTION(entry_hardlink);
  GRID_FUNCTION(entry_is_encrypted);
  GRID_FUNCTION(entry_mtime);
  GRID_FUNCTION(entry_mtime_is_set);
  GRID_FUNCTION(entry_mtime_nsec);
  GRID_FUNCTION(entry_pathname);
  GRID_FUNCTION(entry_perm);
  GRID_FUNCTION(entry_size);
  GRID_FUNCTION(entry_size_is_set);
  GRID_FUNCTION(entry_symlink);
#undef GRID_FUNCTION
};

// Thread-safe.
inline const Libarchive& libarchive() {
  static const Libarchive loaded;
  return loaded;
}

}  // namespace grid::source
