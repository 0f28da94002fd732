# GRID_SANITIZE=address,undefined or GRID_SANITIZE=thread: set by the presets asan and tsan.
set(GRID_SANITIZE "" CACHE STRING "Value of -fsanitize=")
if(GRID_SANITIZE)
  add_compile_options(-fsanitize=${GRID_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GRID_SANITIZE})
endif()

# GRID_FUZZ=ON, with clang: builds the fuzz targets with libFuzzer and the address sanitizer.
option(GRID_FUZZ "Build the fuzz targets with libFuzzer" OFF)
if(GRID_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address)
endif()
