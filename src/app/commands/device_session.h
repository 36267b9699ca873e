#pragma once
// A device of the 2012 flow, without a socket: frames in, frames and notifications out (docs/protocols.md).

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "domain/location.h"

namespace herald::app {

struct Arrived {
  std::string message_id;
  std::string message;  // the text, or the JSON as sent
  std::string sender_id;
  std::string priority;
  std::string json;  // the whole object
};

// The objects of a delivery frame or of an answer of /pull. kInvalid: it is not an array of objects.
[[nodiscard]] Result<std::vector<Arrived>> parse_deliveries(std::string_view json);

struct DeviceIdentity {
  std::string uatoken;
  std::string watoken;
  std::string pbkbase64;              // empty: none
  std::optional<WakeInterface> wake;  // set: the device sleeps
};

// What a frame, or a new connection, makes a device do.
struct DeviceStep {
  std::vector<std::string> send;
  std::vector<Arrived> arrived;             // repeats of the same message are left out
  std::optional<std::string> url;           // the notify URL became known
  std::optional<std::string> subscription;  // Web Push: the subscription's JSON became known
  bool registered = false;                  // everything is registered now
  std::optional<std::string> error;         // the server refused; it closes the connection
};

// A device of any generation.
class ListeningDevice {
 public:
  virtual ~ListeningDevice() = default;
  // A connection opened: the registrations start from the beginning.
  [[nodiscard]] virtual DeviceStep on_open() = 0;
  [[nodiscard]] virtual DeviceStep on_text(std::string_view text) = 0;
  // Whether only signed messages reach it.
  [[nodiscard]] virtual bool signed_only() const { return false; }
};

// The last few thousand message ids.
class RecentMessages {
 public:
  // Remembers `message_id` and tells whether it is new; an empty one always is.
  [[nodiscard]] bool is_new(const std::string& message_id);

 private:
  std::unordered_set<std::string> seen_;
  std::deque<std::string> order_;
};

class DeviceSession final : public ListeningDevice {
 public:
  using Step = DeviceStep;

  DeviceSession(DeviceIdentity identity, bool acks) : identity_(std::move(identity)), acks_(acks) {}

  [[nodiscard]] Step on_open() override;
  [[nodiscard]] Step on_text(std::string_view text) override;
  [[nodiscard]] bool signed_only() const override { return !identity_.pbkbase64.empty(); }
  [[nodiscard]] bool is_new(const std::string& message_id) { return recent_.is_new(message_id); }

  [[nodiscard]] const DeviceIdentity& identity() const { return identity_; }

 private:
  enum class Waiting { kNothing, kForUa, kForWa };

  [[nodiscard]] std::string register_ua() const;
  [[nodiscard]] std::string register_wa() const;
  [[nodiscard]] Step deliveries(std::string_view text);
  [[nodiscard]] Step ua_registered();
  [[nodiscard]] Step wa_registered(std::string url);

  DeviceIdentity identity_;
  bool acks_;
  Waiting waiting_ = Waiting::kNothing;
  RecentMessages recent_;
};

}  // namespace herald::app
