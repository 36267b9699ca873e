#include "operations/health.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/json_string.h"

namespace herald::operations {

namespace {

void append_component(std::string& out, const std::string& name, const std::string& reason) {
  append_json_string(out, name);
  if (reason.empty()) {
    out += ":{\"ok\":true}";
    return;
  }
  out += ":{\"ok\":false,\"reason\":";
  append_json_string(out, reason);
  out += '}';
}

}  // namespace

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::kStarting:
      return "starting";
    case HealthState::kOk:
      return "ok";
    case HealthState::kDegraded:
      return "degraded";
    case HealthState::kDraining:
      return "draining";
  }
  return "starting";
}

Health::Health(std::string version, const Clock& clock)
    : version_(std::move(version)), clock_(clock), started_(clock.mono()) {}

void Health::set_info(std::string_view name, std::string_view value) {
  const std::lock_guard lock(mutex_);
  info_.insert_or_assign(std::string(name), std::string(value));
}

void Health::set_ok(std::string_view component) {
  const std::lock_guard lock(mutex_);
  reasons_.insert_or_assign(std::string(component), std::string());
}

void Health::set_not_ok(std::string_view component, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  reasons_.insert_or_assign(std::string(component), std::string(reason.empty() ? "not well" : reason));
}

void Health::set_probe(std::string_view component, std::function<std::string()> probe) {
  const std::lock_guard lock(mutex_);
  probes_.insert_or_assign(std::string(component), std::move(probe));
}

Health::Reasons Health::reasons_locked() const {
  Reasons reasons = reasons_;
  for (const auto& [component, probe] : probes_) {
    std::string& reason = reasons[component];
    if (std::string now = probe(); !now.empty()) reason = std::move(now);
  }
  return reasons;
}

void Health::start_serving() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kStarting) phase_ = Phase::kServing;
}

void Health::start_draining() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kDraining;
}

HealthState Health::state() const {
  const std::lock_guard lock(mutex_);
  return state_locked(reasons_locked());
}

HealthState Health::state_locked(const Reasons& reasons) const {
  if (phase_ == Phase::kStarting) return HealthState::kStarting;
  if (phase_ == Phase::kDraining) return HealthState::kDraining;
  const bool all_well = std::ranges::all_of(reasons, [](const auto& entry) { return entry.second.empty(); });
  return all_well ? HealthState::kOk : HealthState::kDegraded;
}

Health::Report Health::report() const {
  const std::lock_guard lock(mutex_);
  const Reasons reasons = reasons_locked();
  const HealthState state = state_locked(reasons);
  const bool takes_work = state == HealthState::kOk || state == HealthState::kDegraded;
  Report report{.http_status = takes_work ? 200 : 503, .json = "{\"status\":\""};
  std::string& out = report.json;
  out += to_string(state);
  out += "\",\"version\":";
  append_json_string(out, version_);
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(clock_.mono() - started_);
  out += ",\"uptime_s\":" + std::to_string(uptime.count());
  for (const auto& [name, value] : info_) {
    out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  out += ",\"components\":{";
  bool first = true;
  for (const auto& [name, reason] : reasons) {
    if (!std::exchange(first, false)) out += ',';
    append_component(out, name, reason);
  }
  out += "}}";
  return report;
}

}  // namespace herald::operations
