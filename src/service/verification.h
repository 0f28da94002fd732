// Checks versions, and reports what was found.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "care/verify.h"
#include "service/json.h"

namespace grid::service {

struct Verification {
  care::VerifyReport report;
  std::chrono::nanoseconds elapsed{};

  bool is_well() const {
    return report.damages.empty() && report.drifts.empty() && report.unseen.empty();
  }
};

// Checks the versions in `scope`: empty means every ready version of every datastore.
Verification verify_versions(const dataset::OpenStore& store,
                             const std::vector<dataset::Reference>& scope,
                             care::VerifyProgress& progress,
                             care::PacksChecked packs = care::PacksChecked::needed);

void write_document(JsonWriter& json, const Verification& verification);

// A member of the document that lists damages or drifts.
void write_damages(JsonWriter& json, std::string_view member,
                   const std::vector<care::Damage>& damages);

}  // namespace grid::service
