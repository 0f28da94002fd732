#include "cli/table.h"

#include <algorithm>
#include <cassert>

#include "cli/text.h"

namespace grid::cli {

namespace {

constexpr std::size_t gap = 2;         // columns between cells
constexpr std::size_t shrunk_min = 8;  // columns

// The width of each column; 0 for one that is left out.
std::vector<std::size_t> natural_widths(const Table& table) {
  std::vector<std::size_t> widths(table.columns.size(), 0);
  for (const auto& row : table.rows) {
    assert(row.size() == table.columns.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(row[i]));
  }
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (widths[i] > 0 || table.rows.empty())
      widths[i] = std::max(widths[i], display_width(table.columns[i].title));
  return widths;
}

// Takes columns from the widest cells that may shrink until the row fits.
void shrink(const Table& table, std::vector<std::size_t>& widths, std::size_t width) {
  std::size_t total = 0;
  for (std::size_t w : widths) total += w == 0 ? 0 : w + gap;
  total -= std::min(total, gap);
  while (total > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (table.columns[i].may_shrink && widths[i] > shrunk_min &&
          (widest == widths.size() || widths[i] > widths[widest]))
        widest = i;
    if (widest == widths.size()) return;
    --widths[widest];
    --total;
  }
}

std::string layout_row(const Table& table, const std::vector<std::size_t>& widths,
                       const std::vector<std::string>& cells) {
  std::string line;
  std::size_t owed = 0;  // spaces before the next cell, so that no line ends in spaces
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (widths[i] == 0) continue;
    std::string cell = fit(cells[i], widths[i]);
    std::size_t padding = widths[i] - display_width(cell);
    bool right = table.columns[i].align == Align::right;
    if (!cell.empty())
      line += std::string(owed + (right ? padding : 0), ' ') + cell;
    else
      padding += owed;
    owed = gap + (cell.empty() || !right ? padding : 0);
  }
  return line + "\n";
}

}  // namespace

std::string Table::layout(std::size_t width) const {
  std::vector<std::size_t> widths = natural_widths(*this);
  shrink(*this, widths, width);
  std::vector<std::string> titles;
  for (const Column& column : columns) titles.push_back(column.title);
  std::string out = layout_row(*this, widths, titles);
  for (const auto& row : rows) out += layout_row(*this, widths, row);
  return out;
}

}  // namespace grid::cli
