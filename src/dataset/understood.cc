#include "dataset/understood.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "dataset/records.h"
#include "store/layout.h"

namespace grid::dataset {

// Names of folders end in '/'. A store may hold names that are no part of it, but no other bytes.
static bool are_names(std::string_view names) {
  return std::all_of(names.begin(), names.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '/' || c == '\n';
  });
}

static void decode(const store::RecordKey& key, BytesView bytes) {
  switch (key.kind) {
    case store::RecordKind::version:
      decode_version_record(bytes, key.datastore, key.number);
      break;
    case store::RecordKind::tombstone:
      decode_tombstone(bytes, key.datastore, key.number);
      break;
    case store::RecordKind::restoration:
      check_restoration(bytes, key.datastore, key.number, key.again);
      break;
    case store::RecordKind::description:
      decode_description(bytes, key.datastore, key.number);
      break;
    case store::RecordKind::tag:
      decode_tag(bytes, key.datastore, key.tag, key.number);
      break;
    case store::RecordKind::retention:
      decode_retention(bytes, key.datastore, key.number);
      break;
  }
}

bool is_understood(std::string_view key, BytesView bytes) {
  if (key.empty() || key.ends_with('/')) return are_names(as_text(bytes));
  const std::optional<store::RecordKey> record = store::parse_record_key(key);
  if (!record) return true;
  try {
    decode(*record, bytes);
    return true;
  } catch (const Error& error) {
    return error.kind() == ErrorKind::unsupported;
  }
}

}  // namespace grid::dataset
