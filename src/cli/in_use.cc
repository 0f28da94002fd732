#include "cli/in_use.h"

#include <algorithm>

#include "cli/record.h"
#include "run/attachment.h"
#include "run/executor.h"

namespace grid::cli {

static bool is_one_of(const std::vector<dataset::VersionNumber>& numbers,
                      dataset::VersionNumber number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

void refuse_if_used(const Context& context, const dataset::OpenStore& store,
                    const std::string& name, const std::vector<dataset::VersionNumber>& numbers,
                    std::string_view ending) {
  for (const run::Attachment& user : run::live_attachments(context.settings.attachment_folder)) {
    if (user.store_id != store.marker.store_id) continue;
    for (const run::UsedVersion& used : user.versions)
      if (used.name == name && is_one_of(numbers, used.version))
        fail(ErrorKind::unavailable, "{} is in use by the {} {} (process {}); {}",
             spell(name, used.version), run::name_of(user.kind), user.label, user.pid, ending);
  }
  const run::Runs runs(context.settings.run_folder);
  for (const run::RunRecord& record : runs.all()) {
    if (run::is_over(record.state) || record.store_id != store.marker.store_id) continue;
    for (const run::RunVersion& version : record.versions)
      if (version.name == name && is_one_of(numbers, version.version) &&
          !run::is_over(run::observe(runs, record)))
        fail(ErrorKind::unavailable, "{} is in use by the run {}, which is {}; {}",
             spell(name, version.version), record.name, run::name_of(record.state), ending);
  }
}

}  // namespace grid::cli
