#include "run/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "base/error.h"

namespace grid::run {

namespace {

constexpr std::string_view python = "python3";
constexpr std::string_view python_suffix = ".py";

bool ends_with(std::string_view text, std::string_view suffix) {
  return text.size() > suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// The path at which this process finds what the program will find at `path`.
std::string reached(const ProgramRequest& request, const std::string& path) {
  if (request.folder.empty()) return path;
  return (std::filesystem::path(request.folder) / path).string();
}

bool is_executable_file(const std::string& path) {
  struct stat st;
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::optional<std::string> find_in_path(std::string_view name, const ProgramRequest& request) {
  std::string_view search_path = request.search_path;
  while (!name.empty()) {
    std::size_t end = std::min(search_path.find(':'), search_path.size());
    std::string_view folder = search_path.substr(0, end);
    std::string candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    if (is_executable_file(reached(request, candidate))) return candidate;
    if (end == search_path.size()) break;
    search_path.remove_prefix(end + 1);
  }
  return std::nullopt;
}

void check_can_start(const ProgramRequest& request, int access_mode) {
  const std::string& file = request.command.front();
  const std::string path = reached(request, file);
  struct stat st;
  if (::stat(path.c_str(), &st) != 0)
    throw system_error(errno, fmt::format("cannot start {}", file));
  if (S_ISDIR(st.st_mode))
    fail(ErrorKind::permission_denied, "cannot start {}: it is a folder; name a script in it",
         file);
  if (::access(path.c_str(), access_mode) == 0) return;
  if (access_mode == X_OK && ::access(path.c_str(), R_OK) == 0)
    fail(ErrorKind::permission_denied,
         "cannot start {0}: it is not executable; chmod +x {0}, or name what runs it: "
         "grid run -- PROGRAM {0}",
         file);
  throw system_error(errno, fmt::format("cannot start {}", file));
}

Program with_python(const ProgramRequest& request) {
  if (!request.is_attached_later) check_can_start(request, R_OK);
  auto file = find_in_path(python, request);
  if (!file)
    fail(ErrorKind::not_found, "cannot start {}: there is no {} in the PATH",
         request.command.front(), python);
  Program program{*file, request.command};
  program.arguments.insert(program.arguments.begin(), std::string(python));
  return program;
}

Program by_name(const ProgramRequest& request) {
  const std::string& name = request.command.front();
  if (is_executable_file(reached(request, name))) {
    Program program{"./" + name, request.command};
    program.arguments.front() = program.file;
    return program;
  }
  if (auto file = find_in_path(name, request)) return {*file, request.command};
  struct stat st;
  if (::stat(reached(request, name).c_str(), &st) == 0) check_can_start(request, X_OK);
  fail(ErrorKind::not_found,
       "cannot start {}: there is no such file here and no such program in the PATH", name);
}

}  // namespace

Program find_program(const ProgramRequest& request) {
  const std::string& word = request.command.front();
  if (ends_with(word, python_suffix)) return with_python(request);
  if (word.find('/') == std::string::npos) return by_name(request);
  if (!request.is_attached_later) check_can_start(request, X_OK);
  return {word, request.command};
}

std::string_view find_variable(const std::vector<std::string>& environment, std::string_view name) {
  for (std::string_view entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' &&
        entry.substr(0, name.size()) == name)
      return entry.substr(name.size() + 1);
  return {};
}

void set_variable(std::vector<std::string>& environment, std::string_view name,
                  std::string_view value) {
  const std::string start = fmt::format("{}=", name);
  std::erase_if(environment, [&](const std::string& entry) { return entry.rfind(start, 0) == 0; });
  environment.push_back(start + std::string(value));
}

}  // namespace grid::run
