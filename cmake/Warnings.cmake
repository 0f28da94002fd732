# The warnings every target of this project is compiled with; linked as grid_warnings.
option(GRID_WERROR "Treat warnings as errors" OFF)
add_library(grid_warnings INTERFACE)
target_compile_options(
  grid_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
            # Designated initialisers leave the rest at its default on purpose.
            -Wno-missing-field-initializers
            # gcc 12 reports overlaps in std::string's operator+ that are none (its bug 105329).
            -Wno-restrict
            # … and, with -O3, fills of 4 bytes in fmt's parser of formats that are none.
            $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-stringop-overflow>
            # In a unity build a file's own names lie beside those of others; dev compiles it alone.
            $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-shadow;$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>>
            $<$<BOOL:${GRID_WERROR}>:-Werror>)
