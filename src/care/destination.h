// Where an export writes: below one open folder, and nowhere else, whatever the names in a tree say
// and whoever swaps folders for links meanwhile. No link is followed, and nothing is replaced
// except in one step, by what is whole, where the caller says so.
//
// Errors do not name the entry: the caller, who knows its path, adds that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"

namespace grid::care {

// Makes `folder`, or opens it if it is there and empty; else throws `already_exists`.
FileDescriptor open_empty_folder(const std::filesystem::path& folder);
// Makes `folder`, or opens it if it is there. Throws `already_exists` if something else is.
FileDescriptor open_any_folder(const std::filesystem::path& folder);
// To be called when everything is in it: writing into a folder changes its time.
void set_folder_time(const std::filesystem::path& folder, std::int64_t mtime_ns);

// Where to write an entry: a name in an open folder.
struct Target {
  int folder = -1;
  std::string name;
};

// Opens folders below the destination, however long their paths are, and keeps the last one open,
// since entries come folder by folder. One per thread.
class DestinationFolders {
 public:
  explicit DestinationFolders(int top) : top_(top) {}

  // This object owns the target's descriptor, which is valid until the next call. Makes the folder
  // if it is missing: its own entry may be lost. Throws `corrupt` for a path through a link or a
  // file, and for one that is not made of plain names.
  Target target(std::string_view path);

 private:
  int open(std::string_view folder);

  const int top_;
  FileDescriptor last_;
  std::string last_path_;
};

void make_folder(const Target& to);
// Whether a folder, and no link to one, is there.
bool is_folder(const Target& to);
// Whether anything is there.
bool is_taken(const Target& to);
// A name in the same folder that nothing has.
Target beside(const Target& to);
// Gives `made`, in the same folder, the name `to` in place of a file or a link that is there, in
// one step. Throws if it cannot, and removes `made`: what is there stays.
void replace(const Target& made, const Target& to);
void make_symlink(const Target& to, std::string_view target);
// Of a folder, a file or a link itself.
void set_time(const Target& to, std::int64_t mtime_ns);

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

// Makes `to` another name of `from`, if that is still the file `expected`: false if it is not, or
// if this file system has no further names of a file.
bool make_hard_link(const Target& from, const FileIdentity& expected, const Target& to);

// A file that appears whole under its name or not at all, except that one of up to
// `at_once_size_max` bytes that replaces nothing is written under its name at once: it is short for
// a moment.
class NewFile {
 public:
  static constexpr std::uint64_t at_once_size_max = 1 << 20;

  // If it `replaces` a file or a link, that is there until finish().
  NewFile(Target to, std::uint64_t size, bool executable, bool replaces = false);
  // Removes the file if finish() was not reached.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // Aligned runs of zeros become holes. Call it in order, for all of the file.
  void write(BytesView data, std::uint64_t offset);
  FileIdentity identity() const;
  void finish(std::int64_t mtime_ns);

 private:
  const Target to_;
  const std::uint64_t size_;
  const bool replaces_;
  const std::string written_name_;  // to_.name, or a temporary one
  FileDescriptor fd_;
  bool finished_ = false;
};

}  // namespace grid::care
