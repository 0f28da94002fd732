// The Python package as a wheel without the program, as the build has put it into this program:
// scripts/build-wheel writes the table, and cmake/Wheel.cmake compiles it in.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace grid::server {

struct PythonWheel {
  std::string_view name;    // of the file, as pip wants it
  std::string_view sha256;  // of its bytes, in hexadecimal digits
  BytesView content;
};

// Empty if the program was built without python3.
std::optional<PythonWheel> python_wheel();

}  // namespace grid::server
