// The buckets with the objects of files in place, each opened once.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/s3_bucket.h"
#include "net/saved_credentials.h"
#include "net/server_options.h"

namespace grid::dataset {

// Thread-safe. Reads and requests nothing before the first get().
class Buckets {
 public:
  explicit Buckets(net::ServerOptions servers) : servers_(std::move(servers)) {}

  // The server of all these buckets: see net::S3Endpoint::location(). Sends no request.
  std::string server() const {
    const net::AwsProfiles profiles(servers_.aws.config_file, servers_.aws.credentials_file);
    return net::s3_endpoint(servers_.aws, profiles).location();
  }

  // The bucket lives as long as this. Throws as net::open_to_read() does.
  const net::S3Bucket& get(const std::string& name) const {
    Opened& opened = slot(name);
    // Asks the server. Only callers that want the same bucket wait for the answer.
    std::call_once(opened.once, [&] {
      opened.bucket = std::make_unique<net::S3Bucket>(
          net::open_to_read(servers_.http, servers_.aws, name, "", servers_.retries), name);
    });
    return *opened.bucket;
  }

 private:
  struct Opened {
    std::once_flag once;
    std::unique_ptr<net::S3Bucket> bucket;  // const after `once`
  };

  Opened& slot(const std::string& name) const {
    std::lock_guard lock(mutex_);
    return buckets_[name];  // insertions do not move it
  }

  const net::ServerOptions servers_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Opened> buckets_;  // guarded by mutex_
};

}  // namespace grid::dataset
