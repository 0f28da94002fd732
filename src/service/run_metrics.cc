#include "service/run_metrics.h"

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "service/run_artifacts.h"

namespace grid::service {

namespace {

constexpr std::size_t metrics_max = 1000;
constexpr std::size_t metric_size_max = 16 << 10;    // bytes; what is longer is no metric
constexpr std::size_t metrics_piece_size = 1 << 20;  // bytes

std::optional<double> metric_value_of(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;  // JSON has no number for these
  const auto text = value.get<std::string>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::optional<RunMetric> metric_of(std::string_view line) {
  try {
    const nlohmann::json found = parse_json(line, "a metric");
    if (!found.is_object() || !found.contains("name") || !found.contains("value") ||
        !found["name"].is_string())
      return std::nullopt;
    const std::optional<double> value = metric_value_of(found["value"]);
    if (!value) return std::nullopt;
    RunMetric metric{.name = found["name"].get<std::string>(), .value = *value};
    if (found.contains("step") && found["step"].is_number_integer())
      metric.step = found["step"].get<std::int64_t>();
    return metric;
  } catch (const Error&) {
    return std::nullopt;
  }
}

class NewestMetrics {
 public:
  void add(std::string_view line) {
    std::optional<RunMetric> metric = metric_of(line);
    if (!metric) return;
    const auto known = places_.find(metric->name);
    if (known == places_.end()) {
      if (metrics_.size() == metrics_max) return;
      places_.emplace(metric->name, metrics_.size());
      metric->count = 1;
      metrics_.push_back(std::move(*metric));
      return;
    }
    metric->count = metrics_[known->second].count + 1;
    metrics_[known->second] = std::move(*metric);
  }
  std::vector<RunMetric> take() { return std::move(metrics_); }

 private:
  std::vector<RunMetric> metrics_;
  std::map<std::string, std::size_t, std::less<>> places_;
};

}  // namespace

std::vector<RunMetric> newest_metrics(const Settings& settings, const std::string& run) {
  NewestMetrics newest;
  try {
    const OpenArtifact file = open_artifact(settings, run, "metrics.jsonl");
    Bytes piece(metrics_piece_size);
    std::string line;
    bool is_too_long = false;
    std::uint64_t offset = 0;
    while (const std::size_t got = read_at(file.file.get(), piece, offset, "metrics.jsonl")) {
      offset += got;
      for (std::string_view rest = as_text(BytesView(piece).first(got)); !rest.empty();) {
        const std::size_t end = rest.find('\n');
        is_too_long |= line.size() + std::min(end, rest.size()) > metric_size_max;
        if (!is_too_long) line += rest.substr(0, end);
        if (end == rest.npos) break;
        if (!is_too_long) newest.add(line);
        line.clear();
        is_too_long = false;
        rest.remove_prefix(end + 1);
      }
    }
  } catch (const Error&) {  // the run itself is shown all the same
  }
  return newest.take();
}

void write_metrics(JsonWriter& json, const std::vector<RunMetric>& metrics) {
  json.begin_array();
  for (const RunMetric& metric : metrics) {
    json.begin_object().member("name", metric.name).key("value");
    if (std::isfinite(metric.value))
      json.value(metric.value);
    else
      json.value(std::isnan(metric.value) ? "nan" : metric.value > 0 ? "inf" : "-inf");
    json.key("step");
    metric.step ? json.value(*metric.step) : json.null();
    json.member("count", metric.count).end_object();
  }
  json.end_array();
}

}  // namespace grid::service
