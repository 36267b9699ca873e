#pragma once
// A Web Push user agent without a socket, which decrypts what it gets: for `herald listen --webpush`.

#include <memory>
#include <string>
#include <string_view>

#include "app/commands/device_session.h"
#include "app/commands/webpush_keys.h"
#include "base/crypto_p256.h"
#include "base/random.h"

namespace herald::app {

// What makes it the same device next time.
struct WebPushIdentity {
  std::string uaid;     // empty: the server gives one
  std::string channel;  // a UUID
  std::shared_ptr<const P256PrivateKey> key;
  protocol::ece::Bytes auth;

  [[nodiscard]] static WebPushIdentity make(RandomSource& random);
  // One JSON object. kInvalid: what is wrong with it.
  [[nodiscard]] static Result<WebPushIdentity> parse(std::string_view json);
  [[nodiscard]] std::string json() const;
};

class WebPushDevice final : public ListeningDevice {
 public:
  // `vapid_key`: base64url of the senders' public key; empty: anybody with the endpoint may send.
  WebPushDevice(WebPushIdentity identity, std::string vapid_key, bool acks)
      : identity_(std::move(identity)), vapid_key_(std::move(vapid_key)), acks_(acks) {}

  [[nodiscard]] DeviceStep on_open() override;
  [[nodiscard]] DeviceStep on_text(std::string_view text) override;
  [[nodiscard]] const WebPushIdentity& identity() const { return identity_; }

 private:
  [[nodiscard]] DeviceStep welcomed(std::string uaid);
  [[nodiscard]] DeviceStep registered(std::string endpoint) const;

  WebPushIdentity identity_;
  std::string vapid_key_;
  bool acks_;
  RecentMessages recent_;
};

}  // namespace herald::app
