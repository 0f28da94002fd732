// What has changed in the buckets of versions in place since these were made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataset/buckets.h"
#include "tree/manifest.h"

namespace grid::care {

// Asked with the place of a version among those compared.
using DriftVisitor = std::function<void(std::size_t version, std::string path, std::string reason)>;

// Compares every file in place of the versions, their size and ETag, with what the buckets list
// now; no object is read. `visit` hears of those that differ or are gone, in the order of buckets
// and keys. Returns how many were compared. What exceeds the memory is sorted in
// `temporary_folder`. Throws as net::S3Bucket does.
std::uint64_t compare_with_buckets(
    const std::vector<std::shared_ptr<const tree::Manifest>>& versions,
    const dataset::Buckets& buckets, const std::filesystem::path& temporary_folder,
    const DriftVisitor& visit);

}  // namespace grid::care
