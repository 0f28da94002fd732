// What has changed in the buckets since versions in place were made of them.
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

// `version` is an index into the compared versions.
using DriftVisitor = std::function<void(std::size_t version, std::string path, std::string reason)>;

// Compares size and ETag of every file in place of the versions with what the buckets list now;
// reads no object. Calls `visit` for files that differ or are gone, in the order of buckets and
// keys. Returns how many files were compared. Sorts in `temporary_folder` what exceeds the memory.
// Throws as net::S3Bucket does.
std::uint64_t compare_with_buckets(
    const std::vector<std::shared_ptr<const tree::Manifest>>& versions,
    const dataset::Buckets& buckets, const std::filesystem::path& temporary_folder,
    const DriftVisitor& visit);

}  // namespace grid::care
