# The target static::fmt: libfmt compiled into the program from the header that it installs for that, since Debian
# has no archive of it. The shared library would be one more to load at each start, and bring libstdc++ along, which
# is linked in too (src/CMakeLists.txt): together a third of what a start takes. Where fmt or libstdc++ are not as
# expected, the shared libraries are taken.
find_package(fmt REQUIRED)
add_library(static_fmt INTERFACE)
add_library(static::fmt ALIAS static_fmt)
get_target_property(fmt_includes fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(READ ${CMAKE_SOURCE_DIR}/cmake/fmt.cc fmt_definitions)
try_compile(
  GRID_LINKS_FMT
  SOURCE_FROM_VAR fmt.cc fmt_definitions
  SOURCE_FROM_CONTENT main.cc "#include <fmt/format.h>
int main(int n, char**) { return static_cast<int>(fmt::format(\"{} {:.3} {:L}\", n, 0.5 * n, 0.5f).size()); }"
  CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${fmt_includes}"
  LINK_OPTIONS -static-libstdc++ -static-libgcc
  CXX_STANDARD 20)
if(GRID_LINKS_FMT)
  add_library(fmt_definitions STATIC ${CMAKE_SOURCE_DIR}/cmake/fmt.cc)
  target_include_directories(fmt_definitions SYSTEM PUBLIC ${fmt_includes})
  target_link_libraries(static_fmt INTERFACE fmt_definitions)
else()
  message(STATUS "libfmt and libstdc++ are not linked in: the program needs them, and starts later")
  target_link_libraries(static_fmt INTERFACE fmt::fmt)
endif()
