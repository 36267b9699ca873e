#pragma once
// What devices and senders of Web Push say (`--protocol webpush`) in place of the 2012 flow. One sender signs for all
// subscriptions of a run, as one application server does: its VAPID token is made once and sent with every message, so
// that the server verifies it once for each loop. Bodies are stamps, called encrypted: a push service can't tell.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto_p256.h"
#include "base/time.h"
#include "load/stamp.h"

namespace herald::load {

class WebPushSender {
 public:
  explicit WebPushSender(const Clock& clock);

  // The VAPID key as a device registers it: base64url.
  [[nodiscard]] const std::string& public_key() const { return public_key_; }
  // Tells of an endpoint that the server gave out; the first one's origin is what the token is for. Any thread.
  void meet(std::string_view endpoint);
  // The value of Authorization; empty before meet(). Any thread.
  [[nodiscard]] std::string_view authorization() const;

 private:
  const Clock& clock_;
  std::unique_ptr<P256PrivateKey> key_;
  std::string public_key_;
  std::once_flag met_;
  std::string authorization_;
  std::atomic<bool> ready_{false};
};

// The one channel of a device: a UUID.
[[nodiscard]] std::string webpush_channel(std::uint32_t run, std::uint64_t device);

// `uaid` empty: a new device.
[[nodiscard]] std::string webpush_hello(std::string_view uaid);
[[nodiscard]] std::string webpush_register(std::string_view channel, std::string_view public_key);
[[nodiscard]] std::string webpush_ack(std::string_view channel, std::string_view version);

// What a notification frame carries of `run`; nullopt: another frame. `message_id` points into `frame`.
[[nodiscard]] std::optional<FoundDelivery> webpush_delivery(std::string_view frame, std::uint32_t run);

// The header fields of one message, each ended by CRLF. `ttl_s` 0 and `priority` 0: not said; `topic` empty: none.
[[nodiscard]] std::string webpush_fields(std::string_view authorization, std::uint64_t ttl_s, unsigned priority,
                                         std::string_view topic);

}  // namespace herald::load
