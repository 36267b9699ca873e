#pragma once
// What /status says: where the process is in its life, and which of its parts are not well.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/time.h"

namespace herald::operations {

enum class HealthState : std::uint8_t {
  kStarting,  // not ready for work yet
  kOk,        // serving
  kDegraded,  // serving, but a component is not well
  kDraining,  // finishing; no new work
};

// "starting", "ok", "degraded", "draining".
[[nodiscard]] std::string_view to_string(HealthState state);

// Thread-safe. Begins as kStarting.
class Health {
 public:
  // `version` is shown as it is. `clock` must outlive it.
  Health(std::string version, const Clock& clock);

  // Something that /status shows besides, such as the roles of this process; tokens and paths never.
  void set_info(std::string_view name, std::string_view value);

  // Says how a named component ("store", "queue") is. `reason` is shown to whoever asks for /status: for people,
  // without tokens, payloads or paths.
  void set_ok(std::string_view component);
  void set_not_ok(std::string_view component, std::string_view reason);

  // Asked whenever the state or a report is: a reason of `component` as it is at that moment, or nothing if it is well.
  // What it says goes before what set_ok() and set_not_ok() said. `probe` is called on any thread, and must not block.
  void set_probe(std::string_view component, std::function<std::string()> probe);

  // Ready for work. Ignored after start_draining().
  void start_serving();
  // From here on there is no way back.
  void start_draining();

  [[nodiscard]] HealthState state() const;

  struct Report {
    int http_status = 200;  // 503 while starting and draining: a load balancer sends work elsewhere
    // {"status":"degraded","version":"0.1.0","uptime_s":12,"roles":"all",
    //  "components":{"queue":{"ok":false,"reason":"…"},"store":{"ok":true}}}
    std::string json;
  };
  [[nodiscard]] Report report() const;

 private:
  enum class Phase : std::uint8_t { kStarting, kServing, kDraining };
  using Reasons = std::map<std::string, std::string, std::less<>>;  // by component; empty: it is well
  [[nodiscard]] HealthState state_locked(const Reasons& reasons) const;
  [[nodiscard]] Reasons reasons_locked() const;

  const std::string version_;
  const Clock& clock_;
  const MonoTime started_;
  mutable std::mutex mutex_;
  Phase phase_ = Phase::kStarting;
  std::map<std::string, std::string, std::less<>> info_;
  Reasons reasons_;
  std::map<std::string, std::function<std::string()>, std::less<>> probes_;
};

}  // namespace herald::operations
