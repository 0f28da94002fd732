// Results as the documents of docs/json-output.md.
#include <gtest/gtest.h>

#include "service/comparison.h"
#include "service/credentials.h"
#include "service/datastores.h"
#include "service/error_document.h"
#include "service/exports.h"
#include "service/incomplete_creates.h"
#include "service/mounts.h"
#include "service/moves.h"
#include "service/node_cache.h"
#include "service/repairs.h"
#include "service/retention.h"
#include "service/shown_datastore.h"
#include "service/tags.h"
#include "service/verification.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

using testing::line_of;

dataset::VersionRecord record() {
  return {.number = 3,
          .parent = 2,
          .source = "./cats",
          .message = "more",
          .created = "2026-11-22T21:54:45Z",
          .created_by = "ann@box",
          .program = "grid 1.2.3",
          .totals = {.files = 4, .folders = 2, .symlinks = 1, .bytes = 900},
          .stored_bytes = 500,
          .left_out = 1};
}

std::string version_members() {
  return R"("name": "cats", "version": 3, "status": "ready", "undo_until": null, "root": ")" +
         std::string(64, '0') +
         R"(", "parent": 2, "source": "./cats", "message": "more", )"
         R"("created": "2026-11-22T21:54:45Z", "created_by": "ann@box", "program": "grid 1.2.3", )"
         R"("files": 4, "folders": 2, "symlinks": 1, "bytes": 900, "files_in_place": 0, )"
         R"("bytes_in_place": 0, "stored_bytes": 500, "left_out": 1)";
}

create::IncompleteCreate incomplete() {
  return {.record = {.id = "0a1b2c3d",
                     .store = "/store",
                     .name = "cats",
                     .source = "./cats",
                     .folder = "/home/\xff",
                     .program = "grid 1.2.3",
                     .created_by = "ann@box",
                     .started = "2026-11-22T21:54:45Z",
                     .updated = "2026-11-22T21:54:46Z",
                     .pid = 7,
                     .counts = {.files_done = 1, .bytes_done = 2, .bytes_total = 5}}};
}

std::string incomplete_object() {
  return R"({"id": "0a1b2c3d", "name": "cats", "source": "./cats", "status": "failed", )"
         R"("reason": "interrupted", "files_done": 1, "bytes_done": 2, "files_total": null, )"
         R"("bytes_total": 5, "started": "2026-11-22T21:54:45Z", )"
         R"("updated": "2026-11-22T21:54:46Z", "store": "/store", )"
         "\"folder\": \"/home/\xef\xbf\xbd\", \"folder_hex\": \"2f686f6d652fff\", "
         R"("created_by": "ann@box", "program": "grid 1.2.3", "pid": null})";
}

TEST(Documents, ListDatastores) {
  const DatastoreList list{.datastores = {{.name = "cats",
                                           .description = "37 breeds",
                                           .newest = dataset::Version{.record = record()},
                                           .ready = 2,
                                           .stored_bytes = 700,
                                           .status = "ready"},
                                          {.name = "dogs", .status = "uploading"}}};
  EXPECT_EQ(line_of(list),
            R"({"datastores": [{"name": "cats", "description": "37 breeds", "latest": 3, )"
            R"("versions": 2, "files": 4, "bytes": 900, "stored_bytes": 700, )"
            R"("created": "2026-11-22T21:54:45Z", "status": "ready"}, {"name": "dogs", )"
            R"("description": "", "latest": 0, "versions": 0, "files": 0, "bytes": 0, )"
            R"("stored_bytes": 0, "created": "", "status": "uploading"}], "unreadable": []})"
            "\n");
}

TEST(Documents, ShowADatastore) {
  const ShownDatastore shown{
      .name = "cats",
      .description = "37 breeds",
      .versions = {{.record = record()}},
      .users = {{.kind = run::AttachmentKind::mount,
                 .label = "/mnt",
                 .versions = {{"cats", 3}, {"dogs", 1}},
                 .pid = 9}},
      .creates = {incomplete()},
      .runs = {{.record = {.name = "train", .versions = {{.name = "cats", .version = 3}}},
                .state = run::RunState::done}},
      .drift = {.compared = "2026-11-22T21:54:45Z", .reasons = {{"a", "is gone"}}},
      .tags = {{.name = "best", .version = 3, .set = "2026-11-22T21:54:45Z", .set_by = "ann@box"}}};
  EXPECT_EQ(
      line_of(shown),
      R"({"name": "cats", "description": "37 breeds", "versions": [{)" + version_members() +
          R"(}], "tags": [{"tag": "best", "version": 3, "set": "2026-11-22T21:54:45Z", )"
          R"("set_by": "ann@box"}], "drift": {"compared": "2026-11-22T21:54:45Z", "files": [{"path": "a", )"
          R"("reason": "is gone"}]}, "used_by": [{"kind": "mount", "label": "/mnt", )"
          R"("pid": 9, "versions": [3]}], "incomplete": [)" +
          incomplete_object() +
          R"(], "runs": [{"name": "train", "status": "done", "versions": [3]}], "unreadable": []})" +
          "\n");
}

TEST(Documents, SayWhereATagPoints) {
  EXPECT_EQ(line_of(MovedTag{.name = "cats", .tag = "best", .version = 3, .before = 1}),
            R"({"name": "cats", "tag": "best", "version": 3, "before": 1})"
            "\n");
  EXPECT_EQ(line_of(MovedTag{.name = "cats", .tag = "best", .version = {}, .before = 3}),
            R"({"name": "cats", "tag": "best", "version": null, "before": 3})"
            "\n");
}

TEST(Documents, SayWhichVersionsAreKept) {
  const Retention retention{.name = "cats",
                            .rules = {.last = 5, .used = std::chrono::hours(24), .tagged = true},
                            .set = "2026-11-22T21:54:45Z",
                            .set_by = "ann@box"};
  const std::string line = line_of(retention);
  EXPECT_EQ(line, R"({"name": "cats", "keep_last": 5, "keep_daily": 0, "keep_weekly": 0, )"
                  R"("keep_monthly": 0, "keep_used_seconds": 86400, "keep_tagged": true, )"
                  R"("set": "2026-11-22T21:54:45Z", "set_by": "ann@box"})"
                  "\n");
  EXPECT_EQ(rules_of(JsonObject(line, "the document")), retention.rules);
  EXPECT_EQ(text_of(retention.rules), "--keep-last 5 --keep-used 1d --keep-tagged");
}

TEST(Documents, SayWhatACreateMade) {
  const CreatedVersion created{
      .name = "cats",
      .result = {.record = record(),
                 .files_read = 3,
                 .files_unchanged = 1,
                 .bytes_read = 600,
                 .bytes_new = 550,
                 .chunks_healed = 3,
                 .bytes_resumed = 50,
                 .problems = {{.path = "s", .reason = "is a socket", .unsupported = true}}},
      .elapsed = std::chrono::milliseconds(1500)};
  EXPECT_EQ(
      line_of(created),
      "{" + version_members() +
          R"(, "same": false, "files_read": 3, "files_unchanged": 1, "bytes_read": 600, )"
          R"("bytes_new": 550, "bytes_resumed": 50, "chunks_healed": 3, "seconds": 1.5, "problems": )"
          R"([{"path": "s", "reason": "is a socket", "unsupported": true, "kept": false}], "damaged_packs": [], "damaged_records": []})"
          "\n");
}

TEST(Documents, ListIncompleteCreates) {
  EXPECT_EQ(line_of(IncompleteCreates{incomplete()}),
            R"({"incomplete": [)" + incomplete_object() + "]}\n");
  EXPECT_EQ(line_of(ClearedCreates{.ids = {"0a1b2c3d"}}), "{\"removed\": [\"0a1b2c3d\"]}\n");
}

TEST(Documents, CompareVersions) {
  const Comparison comparison{.older = "cats:2",
                              .newer = "cats:3",
                              .changes = {{.kind = tree::ChangeKind::renamed,
                                           .path = "b",
                                           .old_path = "a",
                                           .entry_kind = tree::EntryKind::file,
                                           .old_size = 5,
                                           .new_size = 5}},
                              .totals = {.renamed = 1}};
  EXPECT_EQ(line_of(comparison),
            R"({"older": "cats:2", "newer": "cats:3", "changes": [{"change": "renamed", )"
            R"("path": "b", "old_path": "a", "kind": "file", "old_size": 5, "new_size": 5, )"
            R"("content_changed": false}], "totals": {"added": 0, "removed": 0, "changed": 0, )"
            R"("renamed": 1}})"
            "\n");
}

TEST(Documents, SayWhatWasExportedMovedAndDeleted) {
  EXPECT_EQ(line_of(Export{.name = "cats",
                           .version = 3,
                           .path = "a",
                           .destination = "./a",
                           .files = 1,
                           .bytes = 5,
                           .report = {.failed = 2,
                                      .failures = {{.path = "a/b",
                                                    .kind = ErrorKind::corrupt,
                                                    .reason = "chunk 1 is damaged"}}},
                           .elapsed = std::chrono::milliseconds(250)}),
            R"({"name": "cats", "version": 3, "path": "a", "destination": "./a", "files": 1, )"
            R"("bytes": 5, "seconds": 0.25, "failed": 2, "failures": [{"path": "a/b", )"
            R"("kind": "corrupt", "reason": "chunk 1 is damaged"}]})"
            "\n");
  EXPECT_EQ(line_of(Move{.name = "cats",
                         .from = "/old",
                         .to = "/new",
                         .kept = true,
                         .result = {.versions = {1, 3}, .versions_published = 2},
                         .bytes_sent = 9,
                         .bytes_stored = 8,
                         .bytes_checked = 7,
                         .elapsed = std::chrono::milliseconds(250)}),
            R"({"name": "cats", "from": "/old", "to": "/new", "versions": [1, 3], )"
            R"("versions_published": 2, "kept": true, "moved_before": false, "bytes_sent": 9, )"
            R"("bytes_stored": 8, "bytes_checked": 7, "seconds": 0.25})"
            "\n");
  EXPECT_EQ(line_of(VersionSet{.name = "cats", .numbers = {1, 3}}),
            "{\"name\": \"cats\", \"deleted\": [1, 3], \"undo_until\": null}\n");
  EXPECT_EQ(line_of(Description{.name = "cats", .text = "37 breeds"}),
            "{\"name\": \"cats\", \"description\": \"37 breeds\"}\n");
}

TEST(Documents, NameDamageAndDrift) {
  const Verification verification{
      .report = {.versions = 2,
                 .files = 3,
                 .chunks = 4,
                 .bytes = 5,
                 .damages = {{.name = "cats", .version = 3, .path = "a", .reason = "is damaged"}},
                 .files_in_place = 1,
                 .drifts = {{.name = "cats", .version = 3, .path = "b", .reason = "is gone"}},
                 .unseen = {{.name = "cats", .version = 4, .reason = "403"}},
                 .notes = {"x is not part of the store"},
                 .deleted_versions = 6,
                 .unindexed_packs = 7,
                 .unindexed_bytes = 8}};
  EXPECT_FALSE(verification.is_well());
  EXPECT_EQ(
      line_of(verification),
      R"({"versions": 2, "files": 3, "chunks": 4, "bytes": 5, "files_in_place": 1, )"
      R"("damages": [{"name": "cats", "version": 3, "path": "a", "reason": "is damaged"}], )"
      R"("drifts": [{"name": "cats", "version": 3, "path": "b", "reason": "is gone"}], )"
      R"("unseen": [{"name": "cats", "version": 4, "path": "", "reason": "403"}], )"
      R"("not_checked": {"deleted_versions": 6, "unindexed_packs": 7, "unindexed_bytes": 8}, )"
      R"("notes": ["x is not part of the store"]})"
      "\n");
}

TEST(Documents, SayWhatARepairHealed) {
  const Repair repair{
      .report =
          {.packs_damaged = 1,
           .packs_removed = 2,
           .chunks_lost = 3,
           .healed_by_packs = 4,
           .healed_by_node = 5,
           .healed_by_sources = 6,
           .bytes_written = 7,
           .problems = {{.path = "a", .reason = "is a socket"}},
           .left = {.damages = {{.name = "cats", .version = 3, .path = "b", .reason = "gone"}}}},
      .elapsed = std::chrono::milliseconds(250)};
  EXPECT_FALSE(repair.is_well());
  EXPECT_EQ(line_of(repair),
            R"({"packs_damaged": 1, "packs_removed": 2, "chunks_lost": 3, "healed_by_packs": 4, )"
            R"("healed_by_node": 5, "healed_by_sources": 6, "bytes_written": 7, )"
            R"("problems": [{"path": "a", "reason": "is a socket"}], )"
            R"("damages": [{"name": "cats", "version": 3, "path": "b", "reason": "gone"}], )"
            R"("seconds": 0.25})"
            "\n");
}

TEST(Documents, ShowTheCache) {
  const NodeCache cache{
      .folder = "/cache/blocks",
      .statistics = {.size_max = 100,
                     .size = 50,
                     .bytes_hit = 4,
                     .bytes_missed = 3,
                     .bytes_fetched = 2,
                     .bytes_evicted = 1},
      .stores = {{.cached = {.store_id = "ab", .objects = 2, .size = 50}, .name = "s3://bucket"}}};
  EXPECT_EQ(line_of(cache),
            R"({"folder": "/cache/blocks", "size": 50, "limit": 100, "bytes_hit": 4, )"
            R"("bytes_missed": 3, "bytes_fetched": 2, "bytes_evicted": 1, "blocks_damaged": 0, )"
            R"("stores": [{"store_id": "ab", "store": "s3://bucket", "objects": 2, "size": 50}]})"
            "\n");
  EXPECT_EQ(line_of(ClearedCache{.freed = 50}), "{\"freed\": 50}\n");
}

TEST(Documents, NameCredentials) {
  const net::SavedCredential credential{.name = "cats",
                                        .bucket = "cat-pictures",
                                        .endpoint_url = "https://s3.example.org",
                                        .role_arn = "arn:aws:iam::1:role/r",
                                        .external_id = "ab",
                                        .created = "2026-11-22T21:54:45Z"};
  const std::string members =
      R"({"name": "cats", "type": "s3", "bucket": "cat-pictures", )"
      R"("endpoint_url": "https://s3.example.org", "role_arn": "arn:aws:iam::1:role/r", )"
      R"("external_id": "ab", )";
  EXPECT_EQ(line_of(CredentialList{{credential}}),
            R"({"credentials": [)" + members + R"("created": "2026-11-22T21:54:45Z"}]})" + "\n");
  EXPECT_EQ(line_of(CreatedCredential{.plan = {.credential = credential,
                                               .principal = "arn:aws:iam::1:user/u",
                                               .trust_policy = "{}",
                                               .permission_policy = "{ }"}}),
            members + R"("principal": "arn:aws:iam::1:user/u", "trust_policy": "{}", )"
                      R"("permission_policy": "{ }", "saved": false, "file": ""})"
                      "\n");
  EXPECT_EQ(line_of(DeletedCredential{"cats"}), "{\"deleted\": \"cats\"}\n");
}

TEST(Documents, SayWhatIsMounted) {
  EXPECT_EQ(line_of(Mounted{.folder = "/mnt", .store = "/store", .log = "/log", .pid = 7}),
            R"({"folder": "/mnt", "store": "/store", "pid": 7, "log": "/log"})"
            "\n");
  EXPECT_EQ(line_of(Unmounted{"/mnt"}), "{\"folder\": \"/mnt\"}\n");
}

TEST(Documents, SayWhatFailed) {
  std::string text;
  JsonWriter json([&](std::string_view piece) { text += piece; }, JsonWriter::Layout::one_line);
  write_error_document(json, ErrorKind::not_found, "there is no cat");
  EXPECT_EQ(text, R"({"error": {"kind": "not_found", "message": "there is no cat"}})"
                  "\n");
  text.clear();
  write_error_document(json, ErrorKind::changed, "a: changed", {{.path = "a", .reason = "x"}});
  EXPECT_EQ(text, R"({"error": {"kind": "changed", "message": "a: changed", "problems": )"
                  R"([{"path": "a", "reason": "x", "unsupported": false, "kept": false}]}})"
                  "\n");
}

}  // namespace
}  // namespace grid::service
