#include "care/undelete.h"

#include "base/error.h"
#include "base/user.h"
#include "create/lost_content.h"
#include "store/lease_keeper.h"

namespace grid::care {

static void take_back(const dataset::OpenStore& store, const std::string& name,
                      dataset::VersionNumber number, store::Lease& lease,
                      std::atomic<std::uint64_t>& bytes_stored) {
  store.chunks->refresh_for_writing(lease.excluded());
  const auto version = store.datastores->find(name, number);
  if (version && version->state == dataset::VersionState::deleted && version->moved_to.empty()) {
    const store::LeaseKeeper keeper(lease);
    create::secure_content(store, version->record.root, lease.id(), bytes_stored);
  }
  store.datastores->restore(name, number, lease);  // says why, if it is none of these
}

void undelete(const dataset::OpenStore& store, const std::string& name,
              dataset::VersionNumber number) {
  std::atomic<std::uint64_t> bytes_stored = 0;
  try {
    store::under_lease(*store.origin,
                       fmt::format("undelete of {}:{} by {}", name, number, user_at_host()),
                       bytes_stored, [&](store::Lease& lease) {
                         take_back(store, name, number, lease, bytes_stored);
                         return true;
                       });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    fail(ErrorKind::not_found, "{}:{} cannot be taken back: its space was freed: {}", name, number,
         error.what());
  }
}

}  // namespace grid::care
