// The S3 protocol, for reading: docs/s3-gateway.md. A bucket is a datastore, and a key is
// "VERSION/PATH".
#pragma once

#include <variant>

#include "server/api.h"
#include "server/s3/open_versions.h"
#include "server/s3/s3_request.h"

namespace grid::server::s3 {

// Thread-safe.
class Gateway : public Handler {
 public:
  // `api` outlives it.
  Gateway(const Api& api, S3Place place) : api_(api), place_(std::move(place)) {}

  const S3Place& place() const { return place_; }
  Admission admit(const Request& head) override;
  Response answer(const Request& request) override;

 private:
  // A request that may be answered, and who sent it.
  struct Admitted {
    S3Request request;
    Caller caller;
  };
  bool knows_host(const Request& request) const;
  std::variant<Admitted, S3Error> let_in(const Request& request) const;
  std::variant<Response, S3Error> answer_admitted(const Admitted& admitted);
  // What `ask` gives, made an answer, also if it throws.
  template <class Ask>
  Response finish(const Request& request, Ask ask) const;

  const Api& api_;
  const S3Place place_;
  OpenVersions versions_;
};

// One address for the API and the gateway.
class ApiAndGateway : public Handler {
 public:
  // Both outlive it.
  ApiAndGateway(Api& api, Gateway& gateway) : api_(api), gateway_(gateway) {}

  Admission admit(const Request& head) override { return of(head).admit(head); }
  Response answer(const Request& request) override { return of(request).answer(request); }
  std::optional<Response> find_quick_answer(const Request& request) override {
    return of(request).find_quick_answer(request);
  }

 private:
  Handler& of(const Request& request) const {
    return gateway_.place().has(request) ? static_cast<Handler&>(gateway_) : api_;
  }

  Api& api_;
  Gateway& gateway_;
};

}  // namespace grid::server::s3
