// An object of a bucket, as a file that a create reads.
#pragma once

#include <memory>
#include <string>

#include "net/s3_bucket.h"
#include "source/source.h"

namespace grid::source {

// The bytes of `range` of an object, as long as it is in the state `object`. They are asked for at
// once and come while others are read; when the line breaks, the rest is asked for piece by piece
// with all patience. `state` is what the file says of itself. The bucket lives as long.
std::unique_ptr<SourceFile> open_object(const net::S3Bucket& bucket, std::string key,
                                        net::S3ObjectState object, const FileState& state,
                                        ByteRange range);

}  // namespace grid::source
