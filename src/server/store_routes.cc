// The store as a whole, and creates that are running or were interrupted.
#include "base/text.h"
#include "server/api.h"
#include "service/credentials.h"
#include "service/incomplete_creates.h"
#include "service/store_figures.h"
#include "service/uses.h"

namespace grid::server {

namespace {

void require_whole_store(const Call& call) {
  if (!call.caller.datastores.empty())
    fail(ErrorKind::permission_denied,
         "a token that is limited to some datastores does not see the store as a whole");
}

Response list_users(const Api& api, const Call& call) {
  require_whole_store(call);
  const service::StoreUsers users = service::find_users(api.settings(), *api.store());
  return json_response([&](service::JsonWriter& json) { service::write_document(json, users); });
}

Response show_store(const Api& api, const Call& call) {
  require_whole_store(call);
  return json_response([&](service::JsonWriter& json) {
    service::write_document(json, service::read_store_figures(*api.store(), api.settings().store));
  });
}

Response show_policy(const Api&, const Call& call) {
  const std::string bucket = service::bucket_of_policy("s3://" + call.part("bucket"));
  const std::optional<std::string> principal = call.request.query("principal");
  Response response;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  response.body =
      principal ? service::bucket_policy(bucket, *principal) : service::read_policy(bucket);
  return response;
}

// Those of this store that the caller may see.
service::IncompleteCreates visible_creates(const Api& api, const Caller& caller) {
  service::IncompleteCreates creates =
      service::of_store(service::find_incomplete_creates(api.settings()), *api.store());
  std::erase_if(creates, [&](const create::IncompleteCreate& create) {
    return !caller.may_see(create.record.name);
  });
  return creates;
}

Response list_creates(const Api& api, const Call& call) {
  const service::IncompleteCreates creates = visible_creates(api, call.caller);
  return json_response([&](service::JsonWriter& json) { service::write_document(json, creates); });
}

Response remove_create(const Api& api, const Call& call) {
  const std::string& id = call.part("create");
  service::IncompleteCreates creates = visible_creates(api, call.caller);
  std::erase_if(creates, [&](const create::IncompleteCreate& c) { return c.record.id != id; });
  if (creates.empty()) fail(ErrorKind::not_found, "there is no incomplete create {}", to_utf8(id));
  const service::ClearedCreates cleared =
      service::clear_creates(api.settings(), service::creates_to_clear(api.settings(), id));
  if (!cleared.problems.empty()) fail(ErrorKind::unavailable, "{}", cleared.problems[0]);
  return json_response([&](service::JsonWriter& json) { service::write_document(json, cleared); });
}

}  // namespace

std::vector<Route> store_routes() {
  return {
      {"GET",
       "/api/v1/store",
       Needs::reader,
       "Show what the store holds, in numbers",
       {},
       show_store},
      {"GET",
       "/api/v1/used-by",
       Needs::reader,
       "List the mounts and runs of this machine that use versions of the store now",
       {},
       list_users},
      {"GET",
       "/api/v1/buckets/{bucket}/policy",
       Needs::reader,
       "Print the policy that lets this server read a bucket: its role's, or the bucket's own",
       {{"principal", "string", "the ARN of the reader: the policy is then the bucket's"}},
       show_policy},
      {"GET",
       "/api/v1/creates",
       Needs::reader,
       "List the creates on this machine that are running or were interrupted",
       {},
       list_creates},
      {"DELETE",
       "/api/v1/creates/{create}",
       Needs::writer,
       "Remove what was kept of a create that was broken off",
       {},
       remove_create},
  };
}

}  // namespace grid::server
