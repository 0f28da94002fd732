# Defines the target static::fmt: libfmt compiled into the program from its header for that, since Debian has no
# static library of it. The shared library would have to be loaded at each start and would pull in libstdc++, which
# is otherwise linked statically (src/CMakeLists.txt): together a third of a start's time. If the test program below
# does not link, the shared libraries are used.
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
  message(STATUS "libfmt and libstdc++ are not linked statically: the program needs them and starts more slowly")
  target_link_libraries(static_fmt INTERFACE fmt::fmt)
endif()
