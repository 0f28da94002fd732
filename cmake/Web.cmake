# The page of `grid serve`, of web/: npm fetches its libraries, Vite makes its files, and web/bundle.mjs packs them for
# the compiler. With -DGRID_WEB=OFF the program has none, and neither npm nor Node is needed.
option(GRID_WEB "Build the page of grid serve into the program" ON)

# add_page(LIBRARY): compiles the files of the page into a library, which then has server::page_files().
function(add_page library)
  set(folder ${CMAKE_BINARY_DIR}/web)
  if(NOT GRID_WEB)
    file(CONFIGURE OUTPUT ${folder}/no_page.cc CONTENT "#include \"server/page_files.h\"\n
std::span<const grid::server::PageFile> grid::server::page_files() { return {}; }\n")
    target_sources(${library} PRIVATE ${folder}/no_page.cc)
    return()
  endif()
  find_program(GRID_NODE node REQUIRED)
  find_program(GRID_NPM npm REQUIRED)
  file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/* ${CMAKE_SOURCE_DIR}/web/public/*)
  file(GLOB_RECURSE cutter CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/cutter/*.cc ${CMAKE_SOURCE_DIR}/web/cutter/shim/*)
  list(APPEND inputs ${cutter} ${CMAKE_SOURCE_DIR}/src/store/chunker.cc ${CMAKE_SOURCE_DIR}/src/store/chunker.h)
  foreach(name cutter/build.mjs index.html package.json package-lock.json vite.config.js svelte.config.js bundle.mjs)
    list(APPEND inputs ${CMAKE_SOURCE_DIR}/web/${name})
  endforeach()
  add_custom_command(
    OUTPUT ${folder}/page_files.cc ${folder}/page_data.S ${folder}/page_data.bin
    COMMAND ${GRID_NODE} ${CMAKE_SOURCE_DIR}/web/bundle.mjs ${folder} ${GRID_NPM}
    DEPENDS ${inputs}
    COMMENT "Building the page"
    VERBATIM)
  set_source_files_properties(${folder}/page_data.S PROPERTIES OBJECT_DEPENDS ${folder}/page_data.bin)
  set_source_files_properties(${folder}/page_files.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${library} PRIVATE ${folder}/page_files.cc ${folder}/page_data.S)
endfunction()
