#include "service/retention.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/utc.h"
#include "run/attachment.h"
#include "service/uses.h"

namespace grid::service {

using dataset::VersionNumber;
using TimePoint = std::chrono::system_clock::time_point;

namespace {

void add_reason(std::string& reasons, std::string_view reason) {
  if (!reasons.empty()) reasons += ", ";
  reasons += reason;
}

// The newest version of each of the newest `count` periods that have one. `format` of strftime(3)
// names the period of a time.
void keep_newest_of_periods(const std::vector<DatedVersion>& versions, std::uint64_t count,
                            std::string_view name, const char* format,
                            std::vector<std::string>& reasons) {
  std::map<std::string, std::size_t> newest;  // by period; ascending, as the formats sort
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto [found, is_new] = newest.emplace(format_utc(versions[i].created, format), i);
    if (!is_new && versions[i].created >= versions[found->second].created) found->second = i;
  }
  for (auto period = newest.rbegin(); period != newest.rend() && count > 0; ++period, --count)
    add_reason(reasons[period->second], fmt::format("{} {}", name, period->first));
}

// Whether a run of this user has used it since then; one that has not ended uses it now.
bool was_used_since(const Settings& settings, const dataset::OpenStore& store,
                    const std::string& name, VersionNumber number, TimePoint since) {
  for (const ObservedRun& run : find_runs_using(settings, store, name, number)) {
    const auto ended = parse_rfc3339(run.record.ended);
    const auto started = parse_rfc3339(run.record.started);
    if ((ended && *ended >= since) || (!ended && started)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> reasons_to_keep(const std::vector<DatedVersion>& versions,
                                         const RetentionRules& rules) {
  std::vector<std::string> reasons(versions.size());
  if (versions.empty()) return reasons;
  reasons.back() = "newest";
  for (std::size_t i = versions.size() - std::min<std::size_t>(rules.last, versions.size());
       i < versions.size(); ++i)
    add_reason(reasons[i], "last");
  keep_newest_of_periods(versions, rules.daily, "daily", "%Y-%m-%d", reasons);
  keep_newest_of_periods(versions, rules.weekly, "weekly", "%G-W%V", reasons);
  keep_newest_of_periods(versions, rules.monthly, "monthly", "%Y-%m", reasons);
  return reasons;
}

PrunePlan plan_prune(const Settings& settings, const dataset::OpenStore& store,
                     const std::string& name, const RetentionRules& rules) {
  if (!rules.keep_something())
    fail(ErrorKind::invalid_argument,
         "say what is to be kept, as in --keep-last 5 --keep-daily 7: every other version is "
         "deleted");
  store.datastores->resolve_number({.name = name});  // its error has the nearest names
  std::map<VersionNumber, std::string> created, kept;
  std::vector<DatedVersion> dated;
  for (const VersionNumber number : store.datastores->ready_numbers(name)) {
    const auto when = [&]() -> std::optional<std::string> {
      try {
        const auto version = store.datastores->find(name, number);
        return version ? std::optional(version->record.created) : std::nullopt;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt) throw;
        return std::string();
      }
    }();
    if (!when) continue;  // deleted meanwhile
    created[number] = *when;
    if (const auto time = parse_rfc3339(*when))
      dated.push_back({number, *time});
    else
      kept[number] = "its record cannot be read";
  }
  const std::vector<std::string> reasons = reasons_to_keep(dated, rules);
  for (std::size_t i = 0; i < dated.size(); ++i) kept[dated[i].number] = reasons[i];
  PrunePlan plan{.deleted = {.name = name}, .versions = {}, .is_dry = false};
  const TimePoint now = std::chrono::system_clock::now();
  for (auto& [number, why] : kept) {
    if (why.empty() && rules.used &&
        was_used_since(settings, store, name, number, now - *rules.used))
      why = "used";
    if (why.empty() && !find_users(settings, store, name, number).empty()) why = "in use";
    if (why.empty()) plan.deleted.numbers.push_back(number);
    plan.versions.insert(plan.versions.begin(), {number, created[number], why});
  }
  return plan;
}

void write_document(JsonWriter& json, const PrunePlan& plan) {
  json.begin_object().member("name", plan.deleted.name).member("dry_run", plan.is_dry);
  json.key("versions").begin_array();
  for (const PrunePlan::Version& version : plan.versions) {
    json.begin_object().member("version", version.number).member("created", version.created);
    json.member("kept", version.kept).end_object();
  }
  json.end_array().key("deleted").begin_array();
  for (const VersionNumber number : plan.deleted.numbers) json.value(number);
  json.end_array().key("undo_until");
  if (plan.deleted.until.empty())
    json.null();
  else
    json.value(plan.deleted.until);
  json.end_object();
}

}  // namespace grid::service
