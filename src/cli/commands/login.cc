#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/text.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "service/logins.h"

namespace grid::cli {

namespace {

// Typed text is not shown while this lives.
class Unseen {
 public:
  Unseen() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

std::string read_token(Output& output, const std::string& url) {
  std::string line;
  if (::isatty(STDIN_FILENO) == 1) {
    output.ask(fmt::format("token for {} (not shown): ", url));
    const Unseen unseen;
    std::getline(std::cin, line);
    output.say("");
  } else {
    std::getline(std::cin, line);
  }
  const std::string_view token = trimmed(line);
  if (token.empty())
    fail(ErrorKind::invalid_argument,
         "no token was given: type it, or pass it on standard input, as in: grid login {} "
         "<token-file",
         url);
  return std::string(token);
}

void write_login_document(Output& output, const service::Login& login) {
  service::JsonWriter json(output.result_writer());
  service::write_document(json, login);
}

int log_in(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::string url = service::server_url(arguments.get("SERVER"));
  const service::Login login = service::log_in(context.settings, url, read_token(output, url));
  if (output.json()) {
    write_login_document(output, login);
    return 0;
  }
  std::string datastores;
  for (const std::string& pattern : login.datastores) datastores += " " + pattern;
  output.write(fmt::format("{}  {}, {}\n", login.url, login.role,
                           datastores.empty() ? "all datastores" : "datastores" + datastores));
  output.say(fmt::format("use it with --store {} or GRID_STORE={}", login.url, login.url));
  return 0;
}

int log_out(Context& context, const Arguments& arguments) {
  const service::Login login = service::log_out(context.settings, arguments.get("SERVER"));
  if (context.output.json())
    write_login_document(context.output, login);
  else
    context.output.write(fmt::format("{}  forgotten\n", login.url));
  return 0;
}

}  // namespace

Command login_command() {
  return {.spec = {.path = {"login"},
                   .summary = "Save the token for a grid server",
                   .description =
                       "Asks for the token, or reads it from standard input, asks the server "
                       "whether it knows it, and saves it for this user alone. It never appears "
                       "among a command's arguments, which every user of the machine can see. "
                       "GRID_TOKEN, where it is set, goes before what is saved.",
                   .positionals = {{.name = "SERVER"}},
                   .examples = {"grid login https://data.example.com",
                                "grid login localhost:8080 <token-file",
                                "grid --store https://data.example.com datastore list"}},
          .run = log_in};
}

Command logout_command() {
  return {.spec = {.path = {"logout"},
                   .summary = "Forget the token for a grid server",
                   .description = "The token stays valid: grid token revoke, where the server "
                                  "runs, ends it.",
                   .positionals = {{.name = "SERVER"}},
                   .examples = {"grid logout https://data.example.com"}},
          .run = log_out};
}

}  // namespace grid::cli
