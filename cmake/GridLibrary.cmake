# Precompiled once with grid_base for all libraries, and once with base_test, together with gtest, for
# all test programs: parsing these takes more than half of the time to compile a file. A file must still
# include what it uses; asan and tsan compile without these.
set(GRID_PRECOMPILED_HEADERS
    <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <cstring> <deque>
    <filesystem> <functional> <list> <map> <memory> <mutex> <optional> <set> <span> <string>
    <string_view> <thread> <unordered_map> <utility> <vector> <fmt/format.h>)

# grid_library(NAME LINKS targets...): makes the library grid_NAME of src/NAME/*.cc, and of its
# *_test.cc the test program NAME_test, which links only this library and gtest. What a library may
# link is the architecture; see src/CMakeLists.txt.
function(grid_library name)
  cmake_parse_arguments(ARG "" "TEST_LABEL" "LINKS;TEST_LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc ${CMAKE_SOURCE_DIR}/src/${name}/*/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  add_library(grid_${name} STATIC ${sources})
  target_include_directories(grid_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(grid_${name} PUBLIC ${ARG_LINKS} PRIVATE grid_warnings)
  if(name STREQUAL base)
    target_precompile_headers(grid_base PRIVATE ${GRID_PRECOMPILED_HEADERS})
  else()
    target_precompile_headers(grid_${name} REUSE_FROM grid_base)
  endif()
  if(GRID_TESTS AND tests)
    if(NOT ARG_TEST_LABEL)
      set(ARG_TEST_LABEL unit)
    endif()
    add_executable(${name}_test ${tests})
    # Test files may use the same names for fixtures and helpers.
    set_target_properties(${name}_test PROPERTIES UNITY_BUILD OFF)
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name}_test PRIVATE grid_${name} ${ARG_TEST_LINKS} grid_warnings GTest::gtest_main)
    # Tests spend their time in the libraries and in waiting, so more optimisation gains nothing.
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
    target_compile_definitions(${name}_test
                               PRIVATE GRID_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    if(name STREQUAL base)
      target_precompile_headers(base_test PRIVATE ${GRID_PRECOMPILED_HEADERS} <gtest/gtest.h>)
    else()
      target_precompile_headers(${name}_test REUSE_FROM base_test)
    endif()
    # Scripts in tests/e2e run the tests Server/… with a server that they start.
    gtest_discover_tests(${name}_test TEST_FILTER "-Server/*"
                         PROPERTIES LABELS ${ARG_TEST_LABEL} TIMEOUT 600
                         DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
