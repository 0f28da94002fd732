# static_package(NAME MODULE module): defines the target static::NAME, the static library of a pkg-config
# module. Each shared library costs a cold start a few disk reads (1 to 2 ms) and must be installed
# wherever the program is copied to; so the libraries that every command needs are linked statically.
# Without a static library, the shared one is used.
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
