// Puts the entries of a tree into tree order, in bounded memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "create/scan_record.h"
#include "tree/entries.h"

namespace grid::create {

// What the sorter carries along with an entry, unchanged.
struct EntryMark {
  bool implied = false;  // a folder that the source does not list, only paths below it
  FileMark file;

  bool operator==(const EntryMark&) const = default;
};

// Call add() for all entries first, then sorted() any number of times. Not thread-safe.
class EntrySorter {
 public:
  struct Options {
    std::filesystem::path folder;        // for what exceeds the memory, in an unnamed file
    std::size_t memory_max = 48u << 20;  // bytes
  };
  explicit EntrySorter(Options options) : options_(std::move(options)) {}

  void add(const tree::Entry& entry, const EntryMark& mark = {});

  struct Sorted {
    tree::Entry entry;
    EntryMark mark;
  };

  // Gives the entries in tree order; equal keys in the order in which they were added.
  class Cursor {
   public:
    std::optional<Sorted> next();

   private:
    friend class EntrySorter;
    struct Run;
    explicit Cursor(const EntrySorter& sorter);
    bool before(std::size_t a, std::size_t b) const;

    std::vector<std::shared_ptr<Run>> runs_;
    std::vector<std::size_t> heap_;  // of runs_; the one with the least entry first
  };
  // The sorter must outlive the cursor.
  Cursor sorted();

 private:
  struct Range {
    std::uint64_t begin = 0, end = 0;
  };
  void sort_memory();
  void spill();

  const Options options_;
  Bytes records_;                     // of the entries in memory
  std::vector<std::size_t> offsets_;  // in records_
  FileDescriptor file_;
  std::uint64_t file_size_ = 0;
  std::vector<Range> runs_;  // sorted, in the file, in the order in which they were added
};

}  // namespace grid::create
