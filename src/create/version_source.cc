#include "create/version_source.h"

#include "source/object_file.h"

namespace grid::create {

using source::SourceEntry;

std::optional<SourceEntry> VersionSource::next(std::vector<source::Problem>&) {
  const std::optional<tree::EntryRef> ref = cursor_.next();
  if (!ref) return std::nullopt;
  SourceEntry entry{.entry = ref->to_entry()};
  if (ref->kind() != tree::EntryKind::file) return entry;
  entry.link_count = version_->link_count(*ref);
  entry.state = {.size = ref->size(),
                 .mtime_ns = ref->mtime_ns(),
                 .ctime_ns = ref->mtime_ns(),
                 .inode = entry.entry.content.digest.prefix()};
  if (!ref->is_in_place()) {
    entry.content_known = true;
    return entry;
  }
  entry.entry.object = {};
  entry.entry.content = {};
  entry.opener = this;
  entry.origin = std::to_string(ref->ordinal());
  return entry;
}

std::unique_ptr<source::SourceFile> VersionSource::open(const SourceEntry& entry,
                                                        std::optional<ByteRange> range) {
  tree::ObjectRef object = version_->at(std::stoull(entry.origin)).object();
  return source::open_object(
      buckets_->get(object.bucket), std::move(object.key),
      {.size = entry.state.size, .etag = std::move(object.etag), .version_id = object.version_id},
      entry.state, range.value_or(ByteRange{0, entry.state.size}));
}

}  // namespace grid::create
