# The Python package that `grid serve` offers at /python/: scripts/build-wheel packs python/ for the assembler. Without
# python3 the program has none.

# add_wheel(LIBRARY): compiles the wheel into a library, which then has server::python_wheel().
function(add_wheel library)
  set(folder ${CMAKE_BINARY_DIR}/python)
  find_program(GRID_PYTHON python3)
  if(NOT GRID_PYTHON)
    file(CONFIGURE OUTPUT ${folder}/no_wheel.cc CONTENT "#include \"server/python_wheel.h\"\n
std::optional<grid::server::PythonWheel> grid::server::python_wheel() { return {}; }\n")
    target_sources(${library} PRIVATE ${folder}/no_wheel.cc)
    return()
  endif()
  file(GLOB inputs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/python/grid_datastores/*)
  list(FILTER inputs EXCLUDE REGEX "__pycache__")
  add_custom_command(
    OUTPUT ${folder}/python_wheel.cc ${folder}/python_wheel.S
    COMMAND ${GRID_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/build-wheel --embed ${folder}
    DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/scripts/build-wheel ${CMAKE_SOURCE_DIR}/docs/python.md
    COMMENT "Packing the Python package"
    VERBATIM)
  set_source_files_properties(${folder}/python_wheel.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${library} PRIVATE ${folder}/python_wheel.cc ${folder}/python_wheel.S)
endfunction()
