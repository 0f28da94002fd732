# static_package(NAME MODULE module): the target static::NAME, a library that Debian has as an archive, by
# its pkg-config module. Each shared library costs a cold start a few reads of the disk, 1 to 2 ms, and
# whoever copies the program needs it too; so those that every command needs are linked in. Where there is
# no archive, the shared library is taken.
function(static_package name)
  cmake_parse_arguments(ARG "" "MODULE" "" ${ARGN})
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARG_MODULE})
  add_library(static_${name} INTERFACE)
  add_library(static::${name} ALIAS static_${name})
  target_include_directories(static_${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
  target_compile_options(static_${name} INTERFACE ${${name}_CFLAGS_OTHER})
  list(GET ${name}_LIBRARIES 0 library)
  find_library(${name}_ARCHIVE lib${library}.a HINTS ${${name}_LIBRARY_DIRS} ${${name}_LIBDIR})
  if(${name}_ARCHIVE)
    target_link_libraries(static_${name} INTERFACE ${${name}_ARCHIVE} Threads::Threads ${CMAKE_DL_LIBS})
  else()
    target_link_libraries(static_${name} INTERFACE PkgConfig::${name})
  endif()
endfunction()
