#pragma once
// The broadcasts that Web Push devices can subscribe to, set by the operator:
//   GET /broadcasts               {"<id>":"<version>",…}
//   GET, PUT, DELETE /broadcasts/<id>   the version as text; the id percent-encoded where needed, slashes as they are
// Kept in a small file, so that devices are not told old news after a restart.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "transport/http.h"

namespace herald::app {

inline constexpr std::size_t kBroadcastsMax = 1'000;
inline constexpr std::size_t kBroadcastIdMaxBytes = 256;
inline constexpr std::size_t kBroadcastVersionMaxBytes = 256;

// On the operations loop's thread.
class Broadcasts final : public transport::HttpHandler {
 public:
  using Tell = std::function<void(const std::string& id, const std::optional<std::string>& version)>;

  // `file`: where they are kept; empty: nowhere. `tell`: takes each one that is known or changes.
  Broadcasts(std::string file, Tell tell, Log& log) : file_(std::move(file)), tell_(std::move(tell)), log_(log) {}

  // Reads the file and tells what is in it. kCorrupt: it is not what this class writes.
  [[nodiscard]] Status load();
  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  [[nodiscard]] transport::HttpResponse answer(const transport::HttpRequest& request);
  [[nodiscard]] transport::HttpResponse put(const std::string& id, std::string_view version);
  [[nodiscard]] transport::HttpResponse remove(const std::string& id);
  [[nodiscard]] std::string as_json() const;
  [[nodiscard]] Status save() const;
  // Keeps the change and tells it, or takes it back.
  [[nodiscard]] transport::HttpResponse commit(const std::string& id, std::optional<std::string> before);

  std::string file_;
  Tell tell_;
  Log& log_;
  std::map<std::string, std::string> versions_;
};

}  // namespace herald::app
