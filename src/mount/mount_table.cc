#include "mount/mount_table.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace grid::mount {

namespace {

// The next field of a line, without the space behind it.
std::string_view take_field(std::string_view& rest) noexcept {
  const std::size_t space = rest.find(' ');
  const std::string_view field = rest.substr(0, space);
  rest.remove_prefix(space == rest.npos ? rest.size() : space + 1);
  return field;
}

// "0:57"
FileSystemNumber parse_number_of(std::string_view text) noexcept {
  unsigned parts[2] = {0, 0};
  std::size_t part = 0;
  for (const char c : text) {
    if (c == ':') {
      if (++part > 1) return 0;
    } else if (c >= '0' && c <= '9') {
      parts[part] = parts[part] * 10 + static_cast<unsigned>(c - '0');
    } else {
      return 0;
    }
  }
  return makedev(parts[0], parts[1]);
}

bool is_octal(char c) noexcept { return c >= '0' && c <= '7'; }

// Decodes in place "\040" and the like, with which /proc escapes characters that would end a field.
std::string_view decode_in_place(char* text, std::size_t size) noexcept {
  std::size_t to = 0;
  for (std::size_t from = 0; from < size; ++from, ++to) {
    if (text[from] == '\\' && from + 3 < size && is_octal(text[from + 1]) &&
        is_octal(text[from + 2]) && is_octal(text[from + 3])) {
      text[to] = static_cast<char>((text[from + 1] - '0') * 64 + (text[from + 2] - '0') * 8 +
                                   (text[from + 3] - '0'));
      from += 3;
    } else {
      text[to] = text[from];
    }
  }
  return {text, to};
}

}  // namespace

MountTable::MountTable() : file_(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)) {}

// Reads more behind what is left. False if there is no more, or no room for it.
bool MountTable::fill() noexcept {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  ssize_t got = 0;
  do {
    got = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  end_ += static_cast<std::size_t>(got);
  return true;
}

bool MountTable::next(Line& line) noexcept {
  for (;;) {
    const std::string_view kept(buffer_.data() + begin_, end_ - begin_);
    const std::size_t newline = kept.find('\n');
    if (newline == kept.npos) {
      if (!fill()) return false;
      continue;
    }
    // ID PARENT MAJOR:MINOR ROOT PATH OPTIONS [FIELD…] - TYPE SOURCE OPTIONS
    std::string_view rest = kept.substr(0, newline);
    begin_ += newline + 1;
    take_field(rest);
    take_field(rest);
    line.number = parse_number_of(take_field(rest));
    take_field(rest);
    const std::string_view path = take_field(rest);
    while (!rest.empty() && take_field(rest) != "-") {
    }
    line.type = take_field(rest);
    if (line.type.empty()) continue;
    line.path = decode_in_place(buffer_.data() + (path.data() - buffer_.data()), path.size());
    return true;
  }
}

template <class Fits>
static std::optional<Mounted> find_last(const Fits& fits) {
  MountTable table;
  std::optional<Mounted> found;
  for (MountTable::Line line; table.next(line);)
    if (fits(line)) found = {line.number, std::string(line.type), std::string(line.path)};
  return found;
}

std::optional<Mounted> find_mounted(const std::filesystem::path& kernel_path) {
  return find_last([&](const MountTable::Line& line) { return line.path == kernel_path.native(); });
}

std::optional<Mounted> find_mounted(FileSystemNumber number) {
  return find_last([&](const MountTable::Line& line) {
    return line.number == number && line.type == mount_type;
  });
}

}  // namespace grid::mount
