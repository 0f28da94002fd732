#include "service/verification.h"

#include <utility>

namespace grid::service {

Verification verify_versions(const dataset::OpenStore& store,
                             const std::vector<dataset::Reference>& scope,
                             care::VerifyProgress& progress) {
  const auto started = std::chrono::steady_clock::now();
  Verification verification{.report = care::verify(store, scope, progress)};
  verification.elapsed = std::chrono::steady_clock::now() - started;
  return verification;
}

void write_document(JsonWriter& json, const Verification& verification) {
  const care::VerifyReport& report = verification.report;
  json.begin_object().member("versions", report.versions).member("files", report.files);
  json.member("chunks", report.chunks).member("bytes", report.bytes);
  json.member("files_in_place", report.files_in_place);
  for (const auto& [key, found] :
       {std::pair("damages", &report.damages), std::pair("drifts", &report.drifts)}) {
    json.key(key).begin_array();
    for (const care::Damage& damage : *found) {
      json.begin_object().member("name", damage.name).member("version", damage.version);
      json.name_member("path", damage.path).member("reason", damage.reason).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace grid::service
