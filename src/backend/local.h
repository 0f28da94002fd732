// A backend in a folder of the local machine: the key is the path below it.
#pragma once

#include <filesystem>
#include <memory>

#include "backend/backend.h"
#include "base/file.h"

namespace grid::backend {

// create() writes a file without a name, syncs it, links it under its key and syncs the folder:
// a crash at any moment leaves the object whole or absent, and no temporary file behind. Where
// the file system has no O_TMPFILE, a file under ROOT/tmp/ is linked instead.
class LocalBackend : public Backend, private Carrier {
 public:
  // `held`: the folder that is at the path now is used, wherever it is moved and whatever comes to
  // be at the path. A server must not look for its store by a path that may lead into its own
  // mount.
  enum class Folder { found_by_path, held };

  // The folder is made by the first create().
  explicit LocalBackend(std::filesystem::path root, Folder folder = Folder::found_by_path);
  ~LocalBackend() override;

  bool create(std::string_view key, BytesView data) override;
  std::optional<Bytes> find(std::string_view key) const override;
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;
  std::vector<ObjectEntry> list(std::string_view prefix) const override;
  std::vector<std::string> list_names(std::string_view prefix) const override;
  bool remove(std::string_view key) override;
  bool remote() const override { return false; }
  void prove_creates() override {}
  std::string name() const override { return root_.string(); }
  std::string location() const override;
  const Carrier& carrier() const override { return *this; }

 private:
  void expect_reads(std::string_view key, std::uint64_t offset, std::uint64_t size) const override;
  std::uint64_t read_ahead_max() const override { return memory_for_read_ahead(); }
  bool is_in_memory(std::string_view key, std::uint64_t offset, std::uint64_t size) const override;
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override {
    return copy_in_one_piece(*this, key, offset, size, take);
  }
  bool drop_copy(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::shared_ptr<Backend> hasty() const override { return nullptr; }

  using OpenFile = std::shared_ptr<const FileDescriptor>;
  struct OpenFiles;

  struct Place;

  Place place_of(std::string_view key) const;
  Place place_below(std::string_view below) const;
  bool create_through_named_file(const Place& place, BytesView data);
  OpenFile open_for_ranges(std::string_view key) const;

  std::filesystem::path root_;
  FileDescriptor held_;  // the folder at root_; none: it is looked for by its path
  std::unique_ptr<OpenFiles> open_files_;
};

}  // namespace grid::backend
