// In the folder of a create: `lock`, locked while a process works on it; `create.json`, the
// record; `checkpoint`. The folder is a create only while it has a record, which is written after
// the lock is taken and is removed first. A process must hold the lock to remove anything.
#include "create/incomplete_create.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/digest.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/own_file.h"
#include "base/random.h"
#include "base/text.h"
#include "base/user.h"
#include "dataset/records.h"
#include "net/url.h"

namespace grid::create {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr int create_record_format = 1;
constexpr JsonLimits record_limits{.size_max = 16 << 20};  // a command line can have megabytes
constexpr std::string_view record_name = "create.json", lock_name = "lock",
                           checkpoint_name = "checkpoint";

// Words and paths keep their exact bytes: JSON must be UTF-8, so others are written as {"hex": …}.
Json exact(const std::string& bytes) {
  if (is_utf8(bytes)) return bytes;
  return {{"hex", to_hex(as_bytes(bytes))}};
}

std::string exact_bytes(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  std::string hex = json.at("hex");
  Bytes bytes(hex.size() / 2);
  if (!from_hex(hex, bytes)) fail(ErrorKind::corrupt, "the digits of a name are damaged");
  return std::string(as_text(bytes));
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<std::uint64_t> find_number(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<std::uint64_t>();
}

std::string encode(const CreateRecord& record) {
  Json words = Json::array();
  for (const std::string& word : record.words) words.push_back(exact(word));
  Json json = {{"format", create_record_format},
               {"id", record.id},
               {"store", exact(record.store)},
               {"store_id", record.store_id},
               {"store_key", record.store_key},
               {"name", record.name},
               {"source", exact(record.source)},
               {"identity", record.identity},
               {"words", words},
               {"secrets_left_out", record.secrets_left_out},
               {"folder", exact(record.folder)},
               {"program", record.program},
               {"created_by", record.created_by},
               {"started", record.started},
               {"updated", record.updated},
               {"pid", record.pid},
               {"status", name_of(record.state)},
               {"reason", record.reason},
               {"files_done", record.counts.files_done},
               {"bytes_done", record.counts.bytes_done},
               {"bytes_stored", record.counts.bytes_stored},
               {"files_total", or_null(record.counts.files_total)},
               {"bytes_total", or_null(record.counts.bytes_total)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

CreateRecord decode(const Json& json) {
  CreateRecord record;
  record.id = json.at("id");
  record.store = exact_bytes(json.at("store"));
  record.store_id = json.at("store_id");
  record.store_key = json.value("store_key", "");
  record.name = json.at("name");
  record.source = exact_bytes(json.at("source"));
  record.identity = json.at("identity");
  for (const Json& word : json.at("words")) record.words.push_back(exact_bytes(word));
  record.secrets_left_out = json.value("secrets_left_out", false);
  record.folder = exact_bytes(json.at("folder"));
  record.program = json.at("program");
  record.created_by = json.at("created_by");
  record.started = json.at("started");
  record.updated = json.at("updated");
  record.pid = json.at("pid");
  record.state = json.at("status") == name_of(CreateState::failed) ? CreateState::failed
                                                                   : CreateState::uploading;
  record.reason = json.at("reason");
  record.counts = {.files_done = json.at("files_done"),
                   .bytes_done = json.at("bytes_done"),
                   .bytes_stored = json.at("bytes_stored"),
                   .files_total = find_number(json.at("files_total")),
                   .bytes_total = find_number(json.at("bytes_total"))};
  return record;
}

// Empty if there is none. Throws `corrupt`, and `unsupported` for one of a newer format.
std::optional<CreateRecord> find_record(const fs::path& own) {
  const fs::path path = own / record_name;
  std::optional<Bytes> bytes = find_regular_file_bytes(path);
  if (!bytes) return std::nullopt;
  try {
    Json json = parse_ordered_json(as_text(*bytes), path.string(), record_limits);
    if (int found = json.at("format"); found > create_record_format)
      fail(ErrorKind::unsupported,
           "{}: has format {}; this program reads format {}: continue it with the newer grid",
           path.string(), found, create_record_format);
    return decode(json);
  } catch (const Json::exception& error) {
    fail(ErrorKind::corrupt, "{}: {}", path.string(), error.what());
  }
}

// Empty if another process has it. Throws if it cannot be locked at all.
std::optional<FileLock> find_lock(const fs::path& own) { return FileLock::find(own / lock_name); }

// Empty if the folder has no record, or is gone.
std::optional<IncompleteCreate> look_at(const fs::path& own) {
  IncompleteCreate found{.record = {.id = own.filename().string()}};
  try {
    std::optional<CreateRecord> record = find_record(own);
    if (!record) return std::nullopt;  // being made, or being removed
    found.record = std::move(*record);
  } catch (const Error& error) {  // shown with the others, so that it can be dropped
    found.problem = error.what();
  }
  try {
    found.live = FileLock::is_held(own / lock_name);
  } catch (const Error&) {  // another user's, or a read-only disk: it cannot be told
    found.live = false;
  }
  return found;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    found.push_back(at->path());
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(), fmt::format("cannot list {}", folder.string()));
  return found;
}

// The caller holds the lock.
void drop(const fs::path& own) {
  std::error_code ignored;
  for (std::string_view name : {record_name, checkpoint_name}) fs::remove(own / name, ignored);
  fs::remove_all(own, ignored);
}

}  // namespace

std::string_view name_of(CreateState state) {
  return state == CreateState::uploading ? "uploading" : "failed";
}

static void leave_out_secrets(CreateRecord& record) {
  for (std::string& word : record.words) {
    std::string kept = net::without_secrets(word);
    record.secrets_left_out = record.secrets_left_out || kept != word;
    word = std::move(kept);
  }
}

// Earlier versions of grid wrote records that others can read, with all that the URLs had in them.
// The caller holds the lock.
static void make_private(const fs::path& own) {
  if (::chmod(own.c_str(), 0700) != 0) return;  // another user's
  std::optional<CreateRecord> record = find_record(own);
  if (!record) return;
  const CreateRecord before = *record;
  leave_out_secrets(*record);
  if (*record != before) replace_file(own / record_name, as_bytes(encode(*record)));
}

// Removes the folders of processes that were killed before they wrote a record or after they
// removed it, and makes the others private.
static void sweep(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::path& own : folders_in(folder)) {
    try {
      std::optional<FileLock> lock = find_lock(own);
      if (!lock) continue;
      if (fs::exists(own / record_name, ignored))
        make_private(own);
      else
        drop(own);
    } catch (const Error&) {
      // It is gone by now, is another user's, or is a newer program's.
    }
  }
}

LiveCreate::LiveCreate(fs::path folder, CreateRecord record) : folder_(std::move(folder)) {
  make_private_folders(folder_);
  record.pid = ::getpid();
  record.started = record.updated = utc_now();
  leave_out_secrets(record);
  sweep(folder_);
  if (!continue_other(record)) begin(record);
}

bool is_of_store(const CreateRecord& record, std::string_view store_id,
                 std::string_view store_key) {
  return record.store_id == store_id && (record.store_key.empty() || record.store_key == store_key);
}

static bool continue_each_other(const CreateRecord& a, const CreateRecord& b) {
  return is_of_store(a, b.store_id, b.store_key) && a.name == b.name && a.identity == b.identity;
}

bool LiveCreate::continue_other(const CreateRecord& wanted) {
  std::vector<IncompleteCreate> others = incomplete_creates(folder_);
  std::reverse(others.begin(), others.end());
  for (const IncompleteCreate& other : others) {
    if (other.live || !other.problem.empty() || !continue_each_other(other.record, wanted))
      continue;
    const fs::path own = folder_ / other.record.id;
    try {
      std::optional<FileLock> lock = find_lock(own);
      if (!lock || !fs::exists(own / record_name)) continue;  // another process was quicker
      checkpoint_ = std::make_unique<CheckpointLog>(own / checkpoint_name);
      lock_ = std::move(lock);
    } catch (const Error&) {
      continue;  // a newer program's or another user's: it stays as it is
    }
    own_ = own;
    record_ = wanted;
    record_.id = other.record.id;
    record_.started = other.record.started;
    record_.counts = other.record.counts;
    bytes_stored_before_ = other.record.counts.bytes_stored;
    is_repeat_ = true;
    write();
    return true;
  }
  return false;
}

std::string LiveCreate::create_id() const {
  const std::string text = fmt::format("{}\n{}\n{}\n{}", record_.id, record_.started,
                                       record_.store_key, record_.identity);
  return digest_of(as_bytes(text)).hex().substr(0, dataset::create_id_size);
}

// Makes a folder and locks it. Tries again if another process removes the folder as left behind,
// which it may do while there is no record.
void LiveCreate::make_own_folder() {
  for (int tries = 0; tries < 100; ++tries) {
    record_.id = random_hex(8);
    own_ = folder_ / record_.id;
    if (::mkdir(own_.c_str(), private_folder_mode) != 0) {
      if (errno == EEXIST) continue;
      throw system_error(errno, fmt::format("cannot make {}", own_.string()));
    }
    try {
      lock_ = find_lock(own_);
      if (lock_) return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_found) throw;
    }
  }
  grid::fail(ErrorKind::unavailable, "cannot make a folder in {}: what is made there disappears",
             folder_.string());
}

void LiveCreate::begin(const CreateRecord& wanted) {
  record_ = wanted;
  try {
    make_own_folder();
    checkpoint_ = std::make_unique<CheckpointLog>(own_ / checkpoint_name);
    replace_file(own_ / record_name, as_bytes(encode(record_)));
  } catch (const Error&) {
    drop(own_);  // on a full disk, for example: the folder would be useless
    throw;
  }
}

void LiveCreate::write() {
  try {
    replace_file(own_ / record_name, as_bytes(encode(record_)));
  } catch (const Error&) {
    // A full disk, perhaps the reason why this create ends: the older record will do.
  }
}

void LiveCreate::update(CreateCounts counts) {
  counts.bytes_stored += bytes_stored_before_;
  std::lock_guard lock(mutex_);
  if (record_.counts == counts || record_.state == CreateState::failed) return;
  record_.counts = counts;
  record_.updated = utc_now();
  write();
}

void LiveCreate::fail(std::string reason, const CreateCounts& counts) {
  if (bytes_stored_before_ + counts.bytes_stored > 0) return interrupt(std::move(reason));
  checkpoint_->flush();
  std::lock_guard lock(mutex_);
  drop(own_);
}

void LiveCreate::interrupt(std::string reason) {
  checkpoint_->flush();
  std::lock_guard lock(mutex_);
  record_.state = CreateState::failed;
  record_.reason = std::move(reason);
  record_.updated = utc_now();
  write();
}

void LiveCreate::finish() {
  std::lock_guard lock(mutex_);
  drop(own_);
  for (const IncompleteCreate& other : incomplete_creates(folder_))
    if (other.problem.empty() && continue_each_other(other.record, record_))
      remove_incomplete_create(folder_, other.record.id);
}

CreateState IncompleteCreate::state() const {
  return live ? CreateState::uploading : CreateState::failed;
}

std::string IncompleteCreate::reason() const {
  if (live) return {};
  if (!problem.empty()) return problem;
  return record.state == CreateState::failed ? record.reason : "interrupted";
}

std::vector<IncompleteCreate> incomplete_creates(const fs::path& folder) {
  std::vector<IncompleteCreate> found;
  for (const fs::path& own : folders_in(folder))
    if (std::optional<IncompleteCreate> create = look_at(own)) found.push_back(std::move(*create));
  std::sort(found.begin(), found.end(), [](const IncompleteCreate& a, const IncompleteCreate& b) {
    return std::tie(a.record.started, a.record.id) < std::tie(b.record.started, b.record.id);
  });
  return found;
}

bool remove_incomplete_create(const fs::path& folder, std::string_view id) {
  const fs::path own = folder / id;
  if (!fs::exists(own)) return false;
  try {
    find_record(own);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unsupported) throw;
    // Damaged: it is dropped.
  }
  std::optional<FileLock> lock = find_lock(own);
  if (!lock) return false;
  drop(own);
  return true;
}

}  // namespace grid::create
