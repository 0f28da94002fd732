// Rows in aligned columns that fit the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace grid::cli {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
  bool may_shrink = false;  // its cells are cut, with "…", if the terminal is too narrow
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells each as there are columns

  // The title row and the rows, each with its newline. They fit `width` columns if cutting the
  // columns that may shrink is enough. A column whose cells are all empty is left out.
  std::string layout(std::size_t width) const;
};

}  // namespace grid::cli
