#pragma once
// The URLs that application servers hold (RFC 8030 §4: unguessable, unlinkable), as paths below the public URL:
//
//   /wpush/v1/<token>  a Web Push subscription          user agent (16 bytes), channel (16)
//   /wpush/v2/<token>  one restricted to a VAPID key    the same, SHA-256 of the key's 65 bytes (32)
//   /spush/v1/<token>  a SimplePush channel             user agent (16), the channel's name
//   /m/<token>         a message (Location)             app (32), message id (16)
//   /r/<token>         a receipt subscription           receipt id (16)
//
// The same subscription always gets the same URL. Nothing is stored to read one.

#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "domain/ids.h"
#include "protocol/subscription/sealed_token.h"
#include "protocol/subscription/subscription.h"

namespace herald::protocol::subscription {

inline constexpr std::string_view kWebPushPath = "/wpush/";
inline constexpr std::string_view kSimplePushPath = "/spush/";
inline constexpr std::string_view kMessagePath = "/m/";
inline constexpr std::string_view kReceiptPath = "/r/";

// SHA-256 of the 65 bytes of a VAPID public key.
using VapidKeyHash = Sha256Digest;

struct WebPushEndpoint {
  UserAgentId user_agent;
  ChannelId channel;
  std::optional<VapidKeyHash> restricted_to;

  [[nodiscard]] AppId app() const { return app_of(user_agent, channel); }
  bool operator==(const WebPushEndpoint&) const = default;
};

struct SimplePushEndpoint {
  UserAgentId user_agent;
  std::string channel;

  [[nodiscard]] AppId app() const { return app_of_simplepush(user_agent, channel); }
  bool operator==(const SimplePushEndpoint&) const = default;
};

// One instance of a message: a replacement has another id, so an old Location never touches the newer message.
struct MessageName {
  AppId app;
  MessageId id;
  bool operator==(const MessageName&) const = default;
};

// Immutable; share it between threads.
class EndpointTokens {
 public:
  // The installation's token keys, as for UaTokens: the first seals, all open.
  explicit EndpointTokens(const TokenKeys& keys);

  // Paths, for instance "/wpush/v1/AQID…". The channel of a SimplePushEndpoint must satisfy is_simplepush_channel().
  [[nodiscard]] std::string path_of(const WebPushEndpoint& endpoint) const;
  [[nodiscard]] std::string path_of(const SimplePushEndpoint& endpoint) const;
  [[nodiscard]] std::string path_of(const MessageName& message) const;
  [[nodiscard]] std::string path_of(const ReceiptId& receipt) const;

  // What proves that its holder sent `message`: part of the answer to the POST that the message came with.
  [[nodiscard]] std::string sender_proof(const MessageId& message) const;
  [[nodiscard]] bool proves_sender(std::string_view proof, const MessageId& message) const;

  // From a whole path, as in a request. kNotFound: another path or version, or not a token of this installation.
  [[nodiscard]] Result<WebPushEndpoint> read_webpush(std::string_view path) const;
  [[nodiscard]] Result<SimplePushEndpoint> read_simplepush(std::string_view path) const;
  [[nodiscard]] Result<MessageName> read_message(std::string_view path) const;
  [[nodiscard]] Result<ReceiptId> read_receipt(std::string_view path) const;

 private:
  SealedTokens webpush_;
  SealedTokens simplepush_;
  SealedTokens message_;
  SealedTokens receipt_;
  SealedTokens proof_;
};

}  // namespace herald::protocol::subscription
