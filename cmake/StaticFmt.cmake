# The target static::fmt: libfmt compiled into the program from the header that it installs for that, since Debian
# has no archive of it. The shared library would be one more to load at each start, and bring libstdc++ along, which
# is linked in too: together a third of what a start takes. Where the header is not as
# expected, the shared library is taken.
find_package(fmt REQUIRED)
add_library(static_fmt INTERFACE)
add_library(static::fmt ALIAS static_fmt)
get_target_property(fmt_includes fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
set(fmt_definitions ${CMAKE_SOURCE_DIR}/cmake/fmt.cc)
file(READ ${fmt_definitions} fmt_definitions_text)
set(CMAKE_REQUIRED_INCLUDES ${fmt_includes})
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("${fmt_definitions_text}
int main(int count, char**) { return static_cast<int>(fmt::format(\"{} {:.3} {:L}\", count, 0.5 * count, 0.5f).size()); }"
                          GRID_FMT_IS_AS_EXPECTED)
unset(CMAKE_REQUIRED_INCLUDES)
if(GRID_FMT_IS_AS_EXPECTED)
  add_library(fmt_definitions STATIC ${fmt_definitions})
  target_include_directories(fmt_definitions SYSTEM PUBLIC ${fmt_includes})
  target_link_libraries(static_fmt INTERFACE fmt_definitions)
else()
  target_link_libraries(static_fmt INTERFACE fmt::fmt)
endif()
