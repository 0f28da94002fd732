#include "service/uploads.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/file_lock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "service/entries.h"
#include "store/chunk_session.h"
#include "store/layout.h"
#include "tree/content_check.h"
#include "tree/rules.h"

namespace grid::service {

namespace fs = std::filesystem;
using create::UploadedEntry;
using create::UploadFolder;
using source::EntryKind;
using store::ChunkRef;

namespace {

constexpr std::size_t upload_id_size = 32;  // hexadecimal digits
constexpr std::size_t missing_named_max = 1000;

fs::path uploads_folder(const Settings& settings) { return settings.state_folder / "uploads"; }

bool is_upload_id(std::string_view text) {
  return text.size() == upload_id_size && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// One request at a time changes what is told of an upload.
FileLock lock_upload(const UploadFolder& folder) {
  return FileLock::get(folder.path() / "lock", LockKind::ofd);
}

// Appends digests behind the last whole one: a full disk may have cut what was written before.
void add_sent(const fs::path& path, BytesView digests) {
  const FileDescriptor file = open_file(path, O_WRONLY | O_CREAT);
  struct stat st;
  if (::fstat(file.get(), &st) != 0) throw system_error(errno, "cannot stat " + path.string());
  const auto size = static_cast<std::uint64_t>(st.st_size);
  write_at(file.get(), digests, size - size % sizeof(Digest), path.string());
}

void sweep(const fs::path& folder) {
  std::error_code ignored;
  const auto oldest = fs::file_time_type::clock::now() - upload_kept_for;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored))
    if (is_upload_id(at->path().filename().string()) &&
        fs::last_write_time(at->path() / "used", ignored) < oldest)
      fs::remove_all(at->path(), ignored);
}

void note_use(const fs::path& folder) { replace_file(folder / "used", BytesView()); }

[[noreturn]] void refuse_file(std::size_t index, std::string_view why) {
  fail(ErrorKind::invalid_argument, "files[{}]: {}", index, why);
}

ChunkRef chunk_of(const nlohmann::json& pair, std::size_t index) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_number_unsigned())
    refuse_file(index, "a chunk is [DIGEST, SIZE]");
  const std::optional<Digest> digest = parse_digest(pair[0].get<std::string>());
  const auto size = pair[1].get<std::uint64_t>();
  if (!digest) refuse_file(index, "a digest has 64 lower-case hexadecimal digits");
  if (size == 0 || size > upload_chunk_size_max)
    refuse_file(index, fmt::format("a chunk has from 1 to {} bytes", upload_chunk_size_max));
  return {*digest, static_cast<std::uint32_t>(size)};
}

EntryKind kind_of(const std::string& name, std::size_t index) {
  for (const EntryKind kind : {EntryKind::file, EntryKind::folder, EntryKind::symlink})
    if (source::name_of(kind) == name) return kind;
  refuse_file(index, "kind is file, folder or symlink");
}

void set_path(source::Entry& entry, std::string_view path) {
  const auto [folder, name] = split_path(path);
  entry.folder = folder;
  entry.name = name;
}

UploadedEntry entry_of(const nlohmann::json& file, std::size_t index) {
  if (!file.is_object() || !file.contains("path") || !file["path"].is_string())
    refuse_file(index, "it needs the member path");
  const std::string path = file["path"].get<std::string>();
  if (!tree::is_valid_path(path)) refuse_file(index, "\"" + path + "\" is no path of a version");
  UploadedEntry uploaded;
  source::Entry& entry = uploaded.entry;
  set_path(entry, path);
  entry.kind = kind_of(file.value("kind", "file"), index);
  entry.executable = file.value("executable", false);
  entry.mtime_ns = file.value("mtime_ns", std::int64_t{0});
  entry.target = file.value("target", "");
  if (entry.kind == EntryKind::symlink) entry.size = entry.target.size();
  if (entry.kind == EntryKind::file) {
    if (!file.contains("chunks") || !file["chunks"].is_array())
      refuse_file(index, "a file needs the member chunks");
    for (const nlohmann::json& pair : file["chunks"]) {
      uploaded.chunks.push_back(chunk_of(pair, index));
      entry.size += uploaded.chunks.back().size;
    }
  }
  if (const std::string_view why = tree::why_entry_is_refused(tree::fields_of(entry));
      entry.kind != EntryKind::file && !why.empty())
    refuse_file(index, path + " " + std::string(why));
  return uploaded;
}

std::vector<UploadedEntry> entries_of(std::string_view document) {
  std::vector<UploadedEntry> entries;
  try {
    const auto json =
        parse_json(document, "the list of files", {.size_max = upload_files_size_max});
    if (!json.is_object() || !json.contains("files") || !json["files"].is_array())
      fail(ErrorKind::invalid_argument, "the list of files is {{\"files\": [{{\"path\": …}}, …]}}");
    for (const nlohmann::json& file : json["files"])
      entries.push_back(entry_of(file, entries.size()));
  } catch (const nlohmann::json::exception&) {  // a member of another kind
    refuse_file(entries.size(), "a member is of the wrong kind");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    fail(ErrorKind::invalid_argument, "{}", error.what());  // it is the client's
  }
  return entries;
}

UploadState state_of(const UploadFolder& folder, const std::string& datastore) {
  UploadState state{.id = folder.path().filename().string(), .datastore = datastore, .parts = {}};
  folder.read([&](const UploadedEntry& uploaded) {
    ++state.entries;
    if (uploaded.entry.kind == EntryKind::file) state.bytes += uploaded.entry.size;
  });
  std::error_code error;
  for (fs::directory_iterator at(folder.path() / "parts", error), end; !error && at != end;
       at.increment(error)) {
    const std::optional<Bytes> path = find_file_bytes(at->path());
    std::error_code absent;
    if (path)
      state.parts.push_back(
          {std::string(as_text(*path)), fs::file_size(folder.staged_path(as_text(*path)), absent)});
    if (absent) state.parts.back().received = 0;
  }
  return state;
}

fs::path committed_path(const UploadFolder& folder) { return folder.path() / "committed"; }

// The version that the upload has made already: the answer may have been lost.
std::optional<CreatedVersion> find_committed(dataset::OpenStore& store,
                                             const std::string& datastore,
                                             const UploadFolder& folder) {
  const std::optional<Bytes> bytes = find_file_bytes(committed_path(folder));
  if (!bytes) return std::nullopt;
  const auto number = store::parse_number(as_text(*bytes));
  const auto version = number ? store.datastores->find(datastore, *number) : std::nullopt;
  if (!version) return std::nullopt;
  CreatedVersion created{.name = datastore, .result = {.record = version->record}};
  return created;
}

}  // namespace

UploadState Uploads::open(const std::string& datastore, const Uploader& uploader) {
  dataset::check_datastore_name(datastore);
  make_private_folders(uploads_folder(settings_));
  sweep(uploads_folder(settings_));
  const std::string id = random_hex(upload_id_size);
  const fs::path folder = uploads_folder(settings_) / id;
  for (const char* part : {"files", "parts"}) make_private_folders(folder / part);
  note_use(folder);
  const nlohmann::ordered_json about = {
      {"grid", "upload"}, {"format", 1}, {"datastore", datastore}, {"token", uploader.token_id}};
  replace_file(folder / "upload.json", as_bytes(about.dump(2) + "\n"));
  return {.id = id, .datastore = datastore, .parts = {}};
}

UploadFolder Uploads::find(const std::string& datastore, const std::string& id,
                           const Uploader& uploader) const {
  const fs::path folder = uploads_folder(settings_) / id;
  if (is_upload_id(id))
    if (const std::optional<Bytes> bytes = find_file_bytes(folder / "upload.json")) {
      const JsonObject about(as_text(*bytes), (folder / "upload.json").string());
      if (about.text("datastore") == datastore && about.text("token") == uploader.token_id) {
        note_use(folder);
        return UploadFolder(folder);
      }
    }
  fail(ErrorKind::not_found,
       "there is no upload {} into {}: it was committed, or not used for {} days", to_utf8(id),
       datastore, upload_kept_for.count() / 24);
}

UploadState Uploads::state(const std::string& datastore, const std::string& id,
                           const Uploader& uploader) {
  return state_of(find(datastore, id, uploader), datastore);
}

std::shared_ptr<const Uploads::Digests> Uploads::chunks_of(dataset::OpenStore& store,
                                                           const Digest& root) {
  {
    std::lock_guard lock(mutex_);
    if (kept_ != nullptr && kept_root_ == root) return kept_;
  }
  auto digests = std::make_shared<Digests>();
  tree::ContentCheck contents(*store.chunks, [&](const ChunkRef& chunk) {
    digests->insert(chunk.digest);
    return std::string();
  });
  const auto manifest = tree::Manifest::open(store.chunks, store.segments, root);
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
    const auto segment = manifest->segment(i);
    for (std::uint32_t at = 0; at < segment->count(); ++at)
      if (segment->kind(at) == EntryKind::file && !segment->is_in_place(at))
        static_cast<void>(contents.problem_of(segment->content(at), segment->size(at)));
  }
  std::lock_guard lock(mutex_);
  kept_root_ = root;
  kept_ = digests;
  return digests;
}

Uploads::Digests Uploads::allowed(dataset::OpenStore& store, const std::string& datastore,
                                  const UploadFolder& folder) {
  Digests digests;
  if (const auto newest = store.datastores->find_newest(datastore))
    digests = *chunks_of(store, newest->record.root);
  if (const std::optional<Bytes> sent = find_file_bytes(folder.path() / "sent"))
    for (std::size_t at = 0; at + sizeof(Digest) <= sent->size(); at += sizeof(Digest)) {
      Digest digest;
      std::copy_n(sent->begin() + static_cast<std::ptrdiff_t>(at), sizeof(Digest),
                  digest.bytes.begin());
      digests.insert(digest);
    }
  return digests;
}

std::string Uploads::missing(dataset::OpenStore& store, const std::string& datastore,
                             const std::string& id, const Uploader& uploader,
                             std::span<const Digest> digests) {
  const UploadFolder folder = find(datastore, id, uploader);
  std::optional<Digests> may_name;
  if (uploader.is_limited) may_name = allowed(store, datastore, folder);
  store.chunks->refresh_for_writing(leases_.of(store, id)->lease.excluded());
  std::atomic<std::uint64_t> ignored = 0;
  const store::ChunkSession session(*store.chunks, ignored);
  std::string answer;
  for (const Digest& digest : digests)
    answer += (may_name && !may_name->contains(digest)) || !session.has(digest) ? '\1' : '\0';
  return answer;
}

StoredChunks Uploads::add_chunks(dataset::OpenStore& store, const std::string& datastore,
                                 const std::string& id, const Uploader& uploader, BytesView body) {
  constexpr std::size_t head_size = sizeof(Digest) + sizeof(std::uint32_t);
  const UploadFolder folder = find(datastore, id, uploader);
  std::atomic<std::uint64_t> bytes_stored = 0;
  store::ChunkSession session(*store.chunks, bytes_stored, {}, nullptr,
                              leases_.of(store, id)->lease.id());
  std::vector<std::unique_ptr<store::ChunkWriter>> writers;
  writers.push_back(std::make_unique<store::ChunkWriter>(session));
  StoredChunks result;
  Bytes sent;
  std::string problem;
  while (!body.empty()) {
    const std::size_t index = result.received;
    if (body.size() < head_size) {
      problem = fmt::format("chunk {} is cut off", index);
      break;
    }
    Digest digest;
    std::copy_n(body.begin(), sizeof(Digest), digest.bytes.begin());
    const std::size_t size = load<std::uint32_t>(body.data() + sizeof(Digest));
    body = body.subspan(head_size);
    if (size == 0 || size > upload_chunk_size_max || size > body.size()) {
      problem =
          fmt::format("chunk {} says that it has {} bytes; it has from 1 to {}, and {} follow",
                      index, size, upload_chunk_size_max, body.size());
      break;
    }
    const BytesView chunk = body.first(size);
    if (digest_of(chunk) != digest) {
      problem = fmt::format("chunk {} does not have the digest {}", index, digest.hex());
      break;
    }
    if (!session.has(digest)) ++result.stored;
    writers[0]->put(chunk, digest);
    append(sent, digest.bytes);
    ++result.received;
    body = body.subspan(size);
  }
  session.finish(std::move(writers));
  if (uploader.is_limited) {
    const FileLock lock = lock_upload(folder);
    add_sent(folder.path() / "sent", sent);
  }
  if (!problem.empty()) fail(ErrorKind::corrupt, "{}; those before it are stored", problem);
  return result;
}

UploadState Uploads::add_files(const std::string& datastore, const std::string& id,
                               const Uploader& uploader, std::string_view document) {
  const std::vector<UploadedEntry> entries = entries_of(document);
  UploadFolder folder = find(datastore, id, uploader);
  const FileLock lock = lock_upload(folder);
  folder.add(entries);
  UploadState state{.id = id, .datastore = datastore, .entries = entries.size(), .parts = {}};
  for (const UploadedEntry& uploaded : entries)
    if (uploaded.entry.kind == EntryKind::file) state.bytes += uploaded.entry.size;
  return state;
}

UploadState::Part Uploads::add_part(const std::string& datastore, const std::string& id,
                                    const Uploader& uploader, const FilePart& part,
                                    BytesView bytes) {
  if (!tree::is_valid_path(part.path))
    fail(ErrorKind::invalid_argument, "\"{}\" is no path of a version", to_utf8(part.path));
  if (part.size > tree::file_size_max || part.offset > part.size ||
      bytes.size() > part.size - part.offset)
    fail(ErrorKind::invalid_argument, "{}: {} bytes from {} on are not of a file of {} bytes",
         to_utf8(part.path), bytes.size(), part.offset, part.size);
  UploadFolder folder = find(datastore, id, uploader);
  const FileLock lock = lock_upload(folder);
  const fs::path staged = folder.staged_path(part.path);
  const fs::path mark = folder.path() / "parts" / staged.filename();
  const FileDescriptor file = open_file(staged, O_RDWR | O_CREAT);
  struct stat st;
  if (::fstat(file.get(), &st) != 0) throw system_error(errno, "cannot stat " + staged.string());
  auto there = static_cast<std::uint64_t>(st.st_size);
  if (part.offset == 0 && there > 0 && !fs::exists(mark)) {  // sent again, as a whole
    if (::ftruncate(file.get(), 0) != 0)
      throw system_error(errno, "cannot empty " + staged.string());
    there = 0;
  }
  if (part.offset != there)
    fail(ErrorKind::changed, "{}: {} bytes are there, so the next ones begin at {}, not at {}",
         to_utf8(part.path), there, there, part.offset);
  if (!fs::exists(mark)) replace_file(mark, as_bytes(part.path));
  write_at(file.get(), bytes, part.offset, staged.string());
  // The client will not send them again, whatever happens to this machine.
  if (::fdatasync(file.get()) != 0) throw system_error(errno, "cannot write " + staged.string());
  there += bytes.size();
  if (there < part.size) return {part.path, there};
  UploadedEntry uploaded{
      .entry = {.executable = part.executable, .size = part.size, .mtime_ns = part.mtime_ns},
      .chunks = {},
      .is_staged = true};
  set_path(uploaded.entry, part.path);
  folder.add({uploaded});
  fs::remove(mark);
  return {part.path, there};
}

// Throws MissingChunks.
void Uploads::check_chunks(dataset::OpenStore& store, const std::string& datastore,
                           const UploadFolder& folder, const Uploader& uploader,
                           const store::Lease& lease) {
  std::optional<Digests> may_name;
  if (uploader.is_limited) may_name = allowed(store, datastore, folder);
  store.chunks->refresh_for_writing(lease.excluded());
  std::atomic<std::uint64_t> ignored = 0;
  const store::ChunkSession session(*store.chunks, ignored);
  std::vector<Digest> missing;
  std::uint64_t count = 0;
  folder.read([&](const UploadedEntry& uploaded) {
    const std::vector<std::optional<store::Location>> places =
        store.chunks->index().find(uploaded.chunks);
    for (std::size_t i = 0; i < places.size(); ++i) {
      const ChunkRef& chunk = uploaded.chunks[i];
      const bool is_there =
          places[i] && session.has(chunk.digest) && (!may_name || may_name->contains(chunk.digest));
      if (is_there && places[i]->place.size != chunk.size)
        fail(ErrorKind::invalid_argument, "{}: chunk {} has {} bytes, not {}",
             to_utf8(uploaded.entry.path()), chunk.digest.hex(), places[i]->place.size, chunk.size);
      if (!is_there && ++count <= missing_named_max) missing.push_back(chunk.digest);
    }
  });
  if (count > 0)
    throw MissingChunks(fmt::format("{} chunks of the listed files are missing: send them, and "
                                    "commit again",
                                    count),
                        std::move(missing));
}

CreatedVersion Uploads::create_of(dataset::OpenStore& store, const std::string& datastore,
                                  const UploadFolder& folder, const Uploader& uploader,
                                  const create::CreateNote& note, UploadLeases::Held& held) {
  std::unique_lock lock(held.mutex);
  check_chunks(store, datastore, folder, uploader, held.lease);
  CreateRequest request;
  request.options.input.sources = {{.where = "upload"}};
  request.options.input.open_source = [&] {
    return create::open_upload(folder, store, held.lease.id());
  };
  request.options.storing.lease = &held.lease;
  request.options.note = note;
  try {
    return DatastoreCreate(settings_, store, std::move(request)).run();
  } catch (...) {  // its next commit begins anew
    lock.unlock();
    leases_.drop(folder.path().filename().string(), false);
    throw;
  }
}

CreatedVersion Uploads::commit(dataset::OpenStore& store, const std::string& datastore,
                               const std::string& id, const Uploader& uploader,
                               const create::CreateNote& note) {
  const UploadFolder folder = find(datastore, id, uploader);
  const FileLock lock = lock_upload(folder);
  if (std::optional<CreatedVersion> before = find_committed(store, datastore, folder))
    return std::move(*before);
  if (const UploadState state = state_of(folder, datastore); !state.parts.empty())
    fail(ErrorKind::changed, "{} has only {} bytes yet: send the rest, and commit again",
         to_utf8(state.parts[0].path), state.parts[0].received);
  const std::shared_ptr<UploadLeases::Held> held = leases_.of(store, id);
  CreatedVersion created = create_of(store, datastore, folder, uploader, note, *held);
  leases_.drop(id, true);
  replace_file(committed_path(folder), as_bytes(std::to_string(created.result.record.number)));
  std::error_code ignored;
  for (const char* part : {"files", "parts", "entries", "sent"})
    fs::remove_all(folder.path() / part, ignored);
  return created;
}

void Uploads::remove(const std::string& datastore, const std::string& id,
                     const Uploader& uploader) {
  const UploadFolder folder = find(datastore, id, uploader);
  const FileLock lock = lock_upload(folder);
  fs::remove_all(folder.path());
  leases_.drop(id, true);
}

void write_document(JsonWriter& json, const UploadState& state) {
  json.begin_object()
      .member("upload", state.id)
      .member("name", state.datastore)
      .member("entries", state.entries)
      .member("bytes", state.bytes)
      .key("parts")
      .begin_array();
  for (const UploadState::Part& part : state.parts)
    json.begin_object()
        .name_member("path", part.path)
        .member("received", part.received)
        .end_object();
  json.end_array().end_object();
}

void write_document(JsonWriter& json, const StoredChunks& stored) {
  json.begin_object()
      .member("received", stored.received)
      .member("stored", stored.stored)
      .end_object();
}

}  // namespace grid::service
