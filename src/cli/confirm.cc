#include "cli/confirm.h"

#include <unistd.h>

#include <iostream>

namespace grid::cli {

bool is_confirmed(Output& output, const std::string& question, const std::string& doing) {
  if (::isatty(STDIN_FILENO) != 1 || !output.message_is_terminal())
    fail(ErrorKind::invalid_argument, "{} needs --yes: there is no terminal to ask on", doing);
  output.ask(question + " [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes" || answer == "Y";
}

}  // namespace grid::cli
