// libcurl, loaded when the first client is made: it brings thirty libraries, and reading them from
// a cold disk takes longer than most commands do.
#pragma once

#include <curl/curl.h>

#include "base/shared_library.h"

namespace grid::net {

// libcurl's functions under their own names, without "curl_". Throws `unsupported` if libcurl is
// not installed.
struct Libcurl {
  const SharedLibrary library{"libcurl.so.4"};

#define GRID_FUNCTION(name) decltype(::curl_##name)* const name = library.find("curl_" #name)
  GRID_FUNCTION(global_init);
  GRID_FUNCTION(easy_init);
  GRID_FUNCTION(easy_cleanup);
  GRID_FUNCTION(easy_setopt);
  GRID_FUNCTION(easy_getinfo);
  GRID_FUNCTION(easy_pause);
  GRID_FUNCTION(easy_strerror);
  GRID_FUNCTION(multi_init);
  GRID_FUNCTION(multi_cleanup);
  GRID_FUNCTION(multi_setopt);
  GRID_FUNCTION(multi_add_handle);
  GRID_FUNCTION(multi_remove_handle);
  GRID_FUNCTION(multi_info_read);
  GRID_FUNCTION(multi_perform);
  GRID_FUNCTION(multi_poll);
  GRID_FUNCTION(multi_wakeup);
  GRID_FUNCTION(slist_append);
  GRID_FUNCTION(slist_free_all);
#undef GRID_FUNCTION

  Libcurl() { global_init(CURL_GLOBAL_DEFAULT); }
};

// Thread-safe.
inline const Libcurl& curl() {
  static const Libcurl loaded;
  return loaded;
}

}  // namespace grid::net
