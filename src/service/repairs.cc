#include "service/repairs.h"

#include "service/verification.h"

namespace grid::service {

Repair repair_store(const Settings& settings, const dataset::OpenStore& store,
                    const RepairRequest& request, care::RepairProgress& progress) {
  Repair repair{.report = care::repair(
                    store,
                    {.sources = request.sources, .servers = settings.servers, .stop = request.stop},
                    progress)};
  repair.elapsed = std::chrono::steady_clock::now() - request.asked;
  return repair;
}

void write_document(JsonWriter& json, const Repair& repair) {
  const care::RepairReport& report = repair.report;
  json.begin_object().member("packs_damaged", report.packs_damaged);
  json.member("packs_removed", report.packs_removed).member("chunks_lost", report.chunks_lost);
  json.member("healed_by_packs", report.healed_by_packs);
  json.member("healed_by_node", report.healed_by_node);
  json.member("healed_by_sources", report.healed_by_sources);
  json.member("bytes_written", report.bytes_written).key("problems").begin_array();
  for (const source::Problem& problem : report.problems)
    json.begin_object()
        .name_member("path", problem.path)
        .name_member("reason", problem.reason)
        .end_object();
  json.end_array();
  write_damages(json, "damages", report.left.damages);
  json.member("seconds", std::chrono::duration<double>(repair.elapsed).count()).end_object();
}

}  // namespace grid::service
