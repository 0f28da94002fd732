// An object of a bucket, as a file that a create reads.
#pragma once

#include <memory>
#include <string>

#include "net/s3_bucket.h"
#include "source/source.h"

namespace grid::source {

// Opens the bytes of `range` of an object, as long as it is in the state `object`. Requests them at
// once, so that they arrive while others are read; if the connection breaks, requests the rest
// piece by piece, with the usual retries. `state` is what the file gives as its state. The bucket
// must outlive the file.
std::unique_ptr<SourceFile> open_object(const net::S3Bucket& bucket, std::string key,
                                        net::S3ObjectState object, const FileState& state,
                                        ByteRange range);

}  // namespace grid::source
