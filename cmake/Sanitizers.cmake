# GRID_SANITIZE=address,undefined or thread: set by the presets asan and tsan.
set(GRID_SANITIZE "" CACHE STRING "Value of -fsanitize=")
if(GRID_SANITIZE)
  add_compile_options(-fsanitize=${GRID_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GRID_SANITIZE})
endif()
