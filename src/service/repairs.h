// Heals a store: writes what is damaged or lost in it again, from wherever it can be had.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "care/repair.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

struct RepairRequest {
  std::vector<std::string> sources;  // what versions were made of, as a create takes it
  // Once true, the repair soon ends with Interrupted; null: it is never interrupted.
  const std::atomic<bool>* stop = nullptr;
  std::chrono::steady_clock::time_point asked = std::chrono::steady_clock::now();
};

struct Repair {
  care::RepairReport report;
  std::chrono::nanoseconds elapsed{};

  bool is_well() const { return report.left.damages.empty(); }
};

// Throws as care::repair() does.
Repair repair_store(const Settings& settings, const dataset::OpenStore& store,
                    const RepairRequest& request, care::RepairProgress& progress);

void write_document(JsonWriter& json, const Repair& repair);

}  // namespace grid::service
