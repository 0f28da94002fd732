// Who has signed a request of S3: Signature Version 4, in headers or in the query.
#pragma once

#include <chrono>
#include <variant>

#include "server/access.h"
#include "server/s3/s3_request.h"

namespace grid::server::s3 {

inline constexpr std::chrono::minutes clock_skew_max(15);
inline constexpr std::chrono::seconds presigned_max(7 * 24 * 3600);

// Any region is taken. `host` and all headers that begin with "x-amz-" must be signed. Reads the
// token's file each time, so that a token that was revoked is of no use at once.
std::variant<Caller, S3Error> find_signer(const service::Settings& settings,
                                          const S3Request& request,
                                          std::chrono::system_clock::time_point now);

}  // namespace grid::server::s3
