#include "service/uses.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/user.h"

namespace grid::service {

namespace {

using Number = dataset::VersionNumber;

// Whether `versions`, of run::UsedVersion or run::RunVersion, has the datastore and the number.
template <class Version>
bool has(const std::vector<Version>& versions, const std::string& name,
         std::optional<Number> number) {
  return std::any_of(versions.begin(), versions.end(), [&](const Version& version) {
    return version.name == name && (!number || version.version == *number);
  });
}

bool is_one_of(const std::vector<Number>& numbers, Number number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// The user of a process, for people.
std::string owner_of(pid_t process) {
  struct stat st {};
  if (process <= 0 || ::stat(fmt::format("/proc/{}", process).c_str(), &st) != 0)
    return "another user";
  return fmt::format("the user {}", user_name(st.st_uid));
}

// Of whatever user: what this user's own notes did not say.
void refuse_if_marked(const dataset::OpenStore& store, const std::string& name,
                      const std::vector<Number>& numbers, std::string_view ending) {
  std::vector<run::UsedVersion> versions;
  for (const Number number : numbers) versions.push_back({name, number});
  const std::vector<run::MarkedUse> uses = run::find_marked(store.marker.store_id, versions);
  if (uses.empty()) return;
  const run::MarkedUse& use = uses.front();
  fail(ErrorKind::unavailable, "{}:{} is in use by the process {} of {}; {}", name,
       use.version.version, use.process, owner_of(use.process), ending);
}

}  // namespace

std::vector<run::Attachment> find_users(const Settings& settings, const dataset::OpenStore& store,
                                        const std::string& name, std::optional<Number> number) {
  std::vector<run::Attachment> users = run::live_attachments(settings.attachment_folder);
  std::erase_if(users, [&](const run::Attachment& user) {
    return user.store_id != store.marker.store_id || !has(user.versions, name, number);
  });
  return users;
}

StoreUsers find_users(const Settings& settings, const dataset::OpenStore& store) {
  StoreUsers users{run::live_attachments(settings.attachment_folder)};
  std::erase_if(users.users, [&](const run::Attachment& user) {
    return user.store_id != store.marker.store_id;
  });
  return users;
}

void write_document(JsonWriter& json, const StoreUsers& users) {
  json.begin_object().key("used_by").begin_array();
  for (const run::Attachment& user : users.users) {
    json.begin_object().member("kind", run::name_of(user.kind)).name_member("label", user.label);
    json.member("pid", user.pid).key("versions").begin_array();
    for (const run::UsedVersion& used : user.versions)
      json.begin_object().member("name", used.name).member("version", used.version).end_object();
    json.end_array().end_object();
  }
  json.end_array().end_object();
}

std::vector<ObservedRun> find_runs_using(const Settings& settings, const dataset::OpenStore& store,
                                         const std::string& name, std::optional<Number> number) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  std::vector<ObservedRun> found;
  for (run::RunRecord& record : runs.all())
    if (record.store_id == store.marker.store_id && record.parent.empty() &&
        has(record.versions, name, number))
      found.push_back(observe_run(runs, std::move(record)));
  return found;
}

void refuse_if_used(const Settings& settings, const dataset::OpenStore& store,
                    const std::string& name, const std::vector<Number>& numbers,
                    std::string_view ending) {
  for (const run::Attachment& user : find_users(settings, store, name))
    for (const run::UsedVersion& used : user.versions)
      if (used.name == name && is_one_of(numbers, used.version))
        fail(ErrorKind::unavailable, "{}:{} is in use by the {} {} (process {}); {}", name,
             used.version, run::name_of(user.kind), user.label, user.pid, ending);
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  for (const run::RunRecord& record : runs.all()) {
    if (run::is_over(record.state) || record.store_id != store.marker.store_id) continue;
    for (const run::RunVersion& version : record.versions)
      if (version.name == name && is_one_of(numbers, version.version) &&
          !run::is_over(run::observe(runs, record)))
        fail(ErrorKind::unavailable, "{}:{} is in use by the run {}, which is {}; {}", name,
             version.version, record.name, run::name_of(record.state), ending);
  }
  refuse_if_marked(store, name, numbers, ending);
}

}  // namespace grid::service
