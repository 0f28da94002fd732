#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/args.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

struct Item {
  std::string term;
  std::string text;
};

// A paragraph in lines of at most `width` columns; `indent` spaces precede all but the first.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::string_view word = take_until(text, ' ');
    if (column > indent && column + 1 + display_width(word) > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += display_width(word);
  }
  return out;
}

// Paragraphs, with an empty line between them.
std::string wrapped_paragraphs(std::string_view text, std::size_t width) {
  constexpr std::string_view gap = "\n\n";
  std::string out;
  for (std::size_t end; (end = text.find(gap)) != text.npos; text.remove_prefix(end + gap.size()))
    out += wrapped(text.substr(0, end), 0, width) + "\n\n";
  return out + wrapped(text, 0, width);
}

std::string item_list(const std::vector<Item>& items, std::size_t width) {
  std::size_t term_width = 0;
  for (const Item& item : items) term_width = std::max(term_width, display_width(item.term));
  std::string out;
  for (const Item& item : items)
    out += fmt::format("  {}{}  {}\n", item.term,
                       std::string(term_width - display_width(item.term), ' '),
                       wrapped(item.text, term_width + 4, width));
  return out;
}

Item item_of(const OptionSpec& option) {
  Item item;
  item.term = option.short_name.empty() ? "    " : option.short_name + ", ";
  item.term += option.name;
  if (!option.value.empty()) item.term += " " + option.value;
  item.text = option.help;
  if (option.repeatable) item.text += " (may be repeated)";
  if (!option.default_value.empty())
    item.text += fmt::format(" (default: {})", option.default_value);
  return item;
}

std::string option_list(const std::vector<OptionSpec>& options, std::size_t width) {
  std::vector<Item> items;
  for (const OptionSpec& option : options) items.push_back(item_of(option));
  return item_list(items, width);
}

std::string spelled(const CommandSpec& spec) {
  std::string out;
  for (const std::string& word : spec.path) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string command_help(const CommandSpec& spec, std::size_t width) {
  std::string out = wrapped(spec.summary + ".", 0, width) + "\n\n  " + usage_line(spec) + "\n";
  if (!spec.description.empty()) out += "\n" + wrapped_paragraphs(spec.description, width) + "\n";
  if (!spec.options.empty()) out += "\nOptions:\n" + option_list(spec.options, width);
  out += "\nOptions of every command:\n" + option_list(global_options(), width);
  if (!spec.examples.empty()) {
    out += spec.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
    for (const std::string& example : spec.examples) out += "  " + example + "\n";
  }
  return out;
}

std::string command_list(const CommandTable& table, const CommandGroup* group, std::size_t width) {
  std::vector<Item> items;
  for (const Command& command : table.commands)
    if (!command.spec.hidden && (group == nullptr || command.spec.path[0] == group->name))
      items.push_back({spelled(command.spec), command.spec.summary});
  return item_list(items, width);
}

}  // namespace

std::string usage_line(const CommandSpec& spec) {
  std::string out = "grid " + spelled(spec);
  if (spec.raw_rest) out += " [options] [--]";
  for (const PositionalSpec& positional : spec.positionals) {
    std::string name = positional.name + (positional.repeatable ? "…" : "");
    out += positional.required ? " " + name : " [" + name + "]";
  }
  if (!spec.raw_rest && !spec.options.empty()) out += " [options]";
  return out;
}

std::string help_text(const CommandTable& table, const std::vector<std::string>& path,
                      unsigned width_of_terminal) {
  const std::size_t width = std::clamp(width_of_terminal, 40u, 100u);
  for (const Command& command : table.commands)
    if (command.spec.path == path) return command_help(command.spec, width);

  std::string out;
  const CommandGroup* group = nullptr;
  for (const CommandGroup& g : table.groups)
    if (!path.empty() && g.name == path[0]) group = &g;
  if (group != nullptr) {
    out = wrapped(group->summary + ".", 0, width) + "\n\nCommands:\n";
    out += command_list(table, group, width);
    if (!group->default_command.empty())
      out += fmt::format("\n`grid {}` alone means `grid {} {}`.\n", group->name, group->name,
                         group->default_command);
  } else {
    out = wrapped(
              "grid keeps datastores: versioned, deduplicated, verified datasets that a run reads "
              "as a plain folder.",
              0, width) +
          "\n\n  grid datastore create ./cats --name cats\n"
          "  grid run main.py --data_dir /datastores/cats/1\n\nCommands:\n";
    out += command_list(table, nullptr, width);
  }
  out += "\nOptions of every command:\n" + option_list(global_options(), width);
  out += "\n`grid COMMAND --help` shows the options of a command and examples.\n";
  return out;
}

}  // namespace grid::cli
