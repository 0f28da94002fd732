#include "service/verification.h"

namespace grid::service {

Verification verify_versions(const dataset::OpenStore& store,
                             const std::vector<dataset::Reference>& scope,
                             care::VerifyProgress& progress, care::PacksChecked packs) {
  const auto started = std::chrono::steady_clock::now();
  Verification verification{.report = care::verify(store, scope, progress, packs)};
  verification.elapsed = std::chrono::steady_clock::now() - started;
  return verification;
}

void write_document(JsonWriter& json, const Verification& verification) {
  const care::VerifyReport& report = verification.report;
  json.begin_object().member("versions", report.versions).member("files", report.files);
  json.member("chunks", report.chunks).member("bytes", report.bytes);
  json.member("files_in_place", report.files_in_place);
  write_damages(json, "damages", report.damages);
  write_damages(json, "drifts", report.drifts);
  write_damages(json, "unseen", report.unseen);
  json.key("not_checked").begin_object();
  json.member("deleted_versions", report.deleted_versions);
  json.member("unindexed_packs", report.unindexed_packs);
  json.member("unindexed_bytes", report.unindexed_bytes).end_object();
  json.key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().end_object();
}

void write_damages(JsonWriter& json, std::string_view member,
                   const std::vector<care::Damage>& damages) {
  json.key(member).begin_array();
  for (const care::Damage& damage : damages) {
    json.begin_object().member("name", damage.name).member("version", damage.version);
    json.name_member("path", damage.path).member("reason", damage.reason).end_object();
  }
  json.end_array();
}

}  // namespace grid::service
