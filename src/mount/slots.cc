// The file has a record for each slot, in order, starting with slot 1. A record lies within one
// page, so that a killed server has written all or nothing of it; and it is written before any
// caller sees the slot. Only the program that wrote the records reads them, so they need no format.
#include "mount/slots.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <type_traits>

#include "base/error.h"

namespace grid::mount {

struct Slots::Kept {
  SlotKind kind;
  bool shown;
  bool has_summary;
  dataset::VersionNumber number;
  std::uint64_t parent, files;
  VersionSummary summary;
  char name[64];  // dataset::is_datastore_name() allows 63
  char padding[56];
};

Slots::Slots(int file) : file_(file) {
  static_assert(sizeof(Kept) == 256 && std::is_trivially_copyable_v<Kept>);
  slots_.emplace_back();  // slot 0, the top's: get() never returns it
  if (file_ >= 0) read_kept();
}

void Slots::read_kept() {
  Kept kept{};
  while (read_at(file_, {reinterpret_cast<std::byte*>(&kept), sizeof kept},
                 (slots_.size() - 1) * sizeof kept, "slots") == sizeof kept) {
    const Slot& slot = slots_.emplace_back(Slot{.kind = kept.kind,
                                                .index = slots_.size(),
                                                .version = {kept.name, kept.number},
                                                .parent = kept.parent,
                                                .files = kept.files,
                                                .shown = kept.shown});
    by_meaning_[{slot.kind, slot.version}] = &slot;
  }
}

const Slot& Slots::get(SlotKind kind, const VersionName& version, std::uint64_t parent,
                       std::uint64_t files, bool shown) {
  std::lock_guard lock(mutex_);
  const Slot*& slot = by_meaning_[{kind, version}];
  if (slot) return *slot;
  const std::uint64_t index = slots_.size();
  if (index >= slot_count_max) {
    fail(ErrorKind::no_space, "this mount has shown {} versions: remount to see more", index);
  }
  const Slot made{.kind = kind,
                  .index = index,
                  .version = version,
                  .parent = parent,
                  .files = kind == SlotKind::pinned ? files : index,
                  .shown = shown};
  if (file_ >= 0) {
    Kept kept{.kind = kind,
              .shown = shown,
              .has_summary = false,
              .number = version.number,
              .parent = made.parent,
              .files = made.files,
              .summary = {},
              .name = {},
              .padding = {}};
    version.name.copy(kept.name, sizeof kept.name - 1);
    write_at(file_, {reinterpret_cast<const std::byte*>(&kept), sizeof kept},
             (index - 1) * sizeof kept, "slots");
  }
  slot = &slots_.emplace_back(made);
  return *slot;
}

const Slot& Slots::datastore(std::string_view name) {
  return get(SlotKind::datastore, {.name = std::string(name)}, 0, 0);
}

const Slot& Slots::version(const VersionName& version) {
  return get(SlotKind::version, version, datastore(version.name).index, 0);
}

const Slot& Slots::pinned(const VersionName& version, bool shown) {
  return get(SlotKind::pinned, version, datastore(version.name).index, this->version(version).index,
             shown);
}

std::vector<const Slot*> Slots::all_pinned() const {
  std::lock_guard lock(mutex_);
  std::vector<const Slot*> found;
  for (const Slot& slot : slots_)
    if (slot.kind == SlotKind::pinned) found.push_back(&slot);
  return found;
}

void Slots::keep_summary(const Slot& slot, const VersionSummary& summary) {
  if (file_ < 0) return;
  Kept kept{};
  const std::uint64_t offset = (slot.files - 1) * sizeof kept;
  read_at(file_, {reinterpret_cast<std::byte*>(&kept), sizeof kept}, offset, "slots");
  kept.summary = summary;
  kept.has_summary = true;
  write_at(file_, {reinterpret_cast<const std::byte*>(&kept), sizeof kept}, offset, "slots");
}

std::optional<VersionSummary> Slots::find_summary(const Slot& slot) const {
  if (file_ < 0) return std::nullopt;
  Kept kept{};
  read_at(file_, {reinterpret_cast<std::byte*>(&kept), sizeof kept}, (slot.files - 1) * sizeof kept,
          "slots");
  if (!kept.has_summary) return std::nullopt;
  return kept.summary;
}

const Slot& Slots::at(std::uint64_t index) const {
  std::lock_guard lock(mutex_);
  if (index == 0 || index >= slots_.size()) {
    fail(ErrorKind::not_found, "there is no node in slot {}", index);
  }
  return slots_[index];
}

FileDescriptor make_slot_file() {
  FileDescriptor file(::memfd_create("grid-slots", MFD_CLOEXEC));
  if (!file) throw system_error(errno, "cannot get memory for the mount");
  return file;
}

}  // namespace grid::mount
