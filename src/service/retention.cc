#include "service/retention.h"

#include <algorithm>
#include <map>
#include <set>

#include "backend/outage.h"
#include "base/error.h"
#include "base/user.h"
#include "base/utc.h"
#include "dataset/datastore_keys.h"
#include "dataset/retention_object.h"
#include "run/attachment.h"
#include "service/tags.h"
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
  const std::vector<dataset::Tag> tags = dataset::list_tags(*store.backend, name);
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
    if (const std::string tagged = tags_of(tags, number); !tagged.empty())
      add_reason(why, "tagged " + tagged);
    if (why.empty() && rules.used &&
        was_used_since(settings, store, name, number, now - *rules.used))
      why = "used";
    if (why.empty() && !find_users(settings, store, name, number).empty()) why = "in use";
    if (why.empty()) plan.deleted.numbers.push_back(number);
    plan.versions.insert(plan.versions.begin(), {number, created[number], why});
  }
  return plan;
}

Retention read_retention(const dataset::OpenStore& store, const std::string& name) {
  store.datastores->resolve_number({.name = name});
  Retention retention{.name = name};
  if (auto found = dataset::find_retention(*store.backend, name)) {
    retention.rules = found->rules;
    retention.set = found->set;
    retention.set_by = found->set_by;
  }
  return retention;
}

Retention write_retention(const dataset::OpenStore& store, const std::string& name,
                          const RetentionRules& rules) {
  store.datastores->resolve_number({.name = name});
  dataset::set_retention(*store.backend, name, rules, user_at_host());
  return read_retention(store, name);
}

RetentionRules rules_of(const JsonObject& document) {
  const auto count = [&](std::string_view member) {
    return document.find_number(member, 0, UINT32_MAX).value_or(0);
  };
  RetentionRules rules{.last = count("keep_last"),
                       .daily = count("keep_daily"),
                       .weekly = count("keep_weekly"),
                       .monthly = count("keep_monthly")};
  if (const auto used = document.find_number("keep_used_seconds", 0, UINT32_MAX))
    rules.used = std::chrono::seconds(*used);
  rules.tagged = document.find_truth("keep_tagged").value_or(false);
  if (!rules.keep_something())
    fail(ErrorKind::invalid_argument,
         "say what is to be kept, as in {{\"keep_last\": 5}}: every other version may be deleted");
  return rules;
}

std::string text_of(const RetentionRules& rules) {
  std::string text;
  const auto add = [&](std::string_view option, const std::string& value) {
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", option, value);
  };
  const auto add_count = [&](std::string_view option, std::uint64_t count) {
    if (count > 0) add(option, fmt::format(" {}", count));
  };
  add_count("--keep-last", rules.last);
  add_count("--keep-daily", rules.daily);
  add_count("--keep-weekly", rules.weekly);
  add_count("--keep-monthly", rules.monthly);
  if (rules.used) {
    const std::int64_t seconds = rules.used->count();
    add("--keep-used", seconds % 86400 == 0  ? fmt::format(" {}d", seconds / 86400)
                       : seconds % 3600 == 0 ? fmt::format(" {}h", seconds / 3600)
                                             : fmt::format(" {}s", seconds));
  }
  if (rules.tagged) add("--keep-tagged", "");
  return text;
}

// A run may have begun to use a version, or wait for its turn to.
static void keep_what_is_used(const Settings& settings, const dataset::OpenStore& store,
                              PrunePlan& plan) {
  std::erase_if(plan.deleted.numbers, [&](VersionNumber number) {
    try {
      refuse_if_used(settings, store, plan.deleted.name, {number}, "it is kept");
      return false;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) throw;
      for (PrunePlan::Version& version : plan.versions)
        if (version.number == number) version.kept = "in use";
      return true;
    }
  });
}

AppliedRetention apply_retention(const Settings& settings, const dataset::OpenStore& store,
                                 bool is_dry) {
  AppliedRetention applied;
  for (const auto& [name, keys] : dataset::list_all_datastore_keys(*store.backend)) {
    if (keys.retention == 0 || store.datastores->ready_numbers(name).empty()) continue;
    try {
      const auto retention = dataset::find_retention(*store.backend, name);
      if (!retention) continue;
      PrunePlan plan = plan_prune(settings, store, name, retention->rules);
      plan.is_dry = is_dry;
      keep_what_is_used(settings, store, plan);
      if (!is_dry && !plan.deleted.numbers.empty())
        plan.deleted = delete_versions(store, std::move(plan.deleted));
      applied.plans.push_back(std::move(plan));
    } catch (const Error& error) {  // the others can be pruned
      if (is_outage(*store.backend, error)) throw;
      applied.left_alone.push_back(
          fmt::format("nothing of {} was deleted by its retention: {}", name, error.what()));
    }
  }
  return applied;
}

void write_document(JsonWriter& json, const Retention& retention) {
  const RetentionRules& rules = retention.rules;
  json.begin_object().member("name", retention.name);
  json.member("keep_last", rules.last).member("keep_daily", rules.daily);
  json.member("keep_weekly", rules.weekly).member("keep_monthly", rules.monthly);
  json.key("keep_used_seconds");
  if (rules.used)
    json.value(static_cast<std::uint64_t>(rules.used->count()));
  else
    json.null();
  json.member("keep_tagged", rules.tagged);
  json.member("set", retention.set).member("set_by", retention.set_by).end_object();
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
