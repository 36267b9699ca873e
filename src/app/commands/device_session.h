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

class DeviceSession {
 public:
  DeviceSession(DeviceIdentity identity, bool acks) : identity_(std::move(identity)), acks_(acks) {}

  struct Step {
    std::vector<std::string> send;
    std::vector<Arrived> arrived;      // repeats of the same messageId are left out
    std::optional<std::string> url;    // the notify URL became known
    bool registered = false;           // everything is registered now
    std::optional<std::string> error;  // the server refused; it closes the connection
  };

  // A connection opened: the registrations start from the beginning.
  [[nodiscard]] Step on_open();
  [[nodiscard]] Step on_text(std::string_view text);
  // Remembers and tells whether `message_id` is new: among the last few thousand.
  [[nodiscard]] bool is_new(const std::string& message_id);

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
  std::unordered_set<std::string> seen_;
  std::deque<std::string> seen_order_;
};

}  // namespace herald::app
