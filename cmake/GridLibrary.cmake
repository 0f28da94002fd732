# grid_library(NAME LINKS targets...): the library grid_NAME of every src/NAME/*.cc, and, from its
# *_test.cc, the test program NAME_test, which links this library and gtest alone. What a library
# may link is the architecture; see src/CMakeLists.txt.
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
  if(GRID_TESTS AND tests)
    if(NOT ARG_TEST_LABEL)
      set(ARG_TEST_LABEL unit)
    endif()
    add_executable(${name}_test ${tests})
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${name}_test PRIVATE grid_${name} ${ARG_TEST_LINKS} grid_warnings GTest::gtest_main)
    target_compile_definitions(${name}_test
                               PRIVATE GRID_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
    target_precompile_headers(${name}_test PRIVATE <gtest/gtest.h>)
    # Server/…: scripts of tests/e2e run these, with a server that they start.
    gtest_discover_tests(${name}_test TEST_FILTER "-Server/*"
                         PROPERTIES LABELS ${ARG_TEST_LABEL} TIMEOUT 600
                         DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
