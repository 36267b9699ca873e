#pragma once
// The two JSON files of a Web Push sender: a subscription as a browser gives it, and a VAPID key pair.

#include <memory>
#include <string>
#include <string_view>

#include "base/crypto_p256.h"
#include "base/result.h"
#include "protocol/ece/ece.h"

namespace herald::app {

// PushSubscription.toJSON() of the Push API: {"endpoint":…,"keys":{"p256dh":…,"auth":…}}.
struct WebPushTarget {
  std::string endpoint;
  protocol::ece::ReceiverKeys keys;  // empty: only messages without payload can be sent
};
// kInvalid: what is wrong with it.
[[nodiscard]] Result<WebPushTarget> parse_subscription(std::string_view json);
[[nodiscard]] std::string subscription_json(const WebPushTarget& target);

// {"publicKey":…,"privateKey":…,"subject":…} in base64url, as npm's web-push writes it.
struct VapidKeys {
  std::shared_ptr<const P256PrivateKey> key;
  std::string subject;  // empty: none
};
[[nodiscard]] Result<VapidKeys> parse_vapid_keys(std::string_view json);
[[nodiscard]] std::string vapid_keys_json(const VapidKeys& keys);

}  // namespace herald::app
