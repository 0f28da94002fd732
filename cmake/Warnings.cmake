# Defines grid_warnings, the warnings with which every target of this project is compiled.
option(GRID_WERROR "Treat warnings as errors" OFF)
add_library(grid_warnings INTERFACE)
target_compile_options(
  grid_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
            # Designated initialisers leave the rest at its default on purpose.
            -Wno-missing-field-initializers
            # gcc 12 falsely reports overlaps in std::string's operator+ (its bug 105329).
            -Wno-restrict
            # … and, with -O3, overflows by 4 bytes in fmt's format parser.
            $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-Wno-stringop-overflow>
            # In a unity build a file's names can shadow another file's; the sanitizers' presets compile each alone.
            $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-shadow;$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>>
            $<$<BOOL:${GRID_WERROR}>:-Werror>)
