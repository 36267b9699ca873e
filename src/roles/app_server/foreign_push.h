#pragma once
// Pushes that the Matrix gateway sends on to other servers: only to hosts that the operator named, and never to private
// addresses unless the operator allows that too.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "domain/message.h"
#include "transport/client.h"
#include "transport/client_address.h"
#include "transport/event_loop.h"

namespace herald::roles::app_server {

enum class ForeignVerdict : std::uint8_t {
  kDelivered,
  kRejected,  // this pushkey must never be used again
  kTryLater,
};

// True for loopback, link-local, private, shared and other addresses that are not of the public internet (RFC 6890).
[[nodiscard]] bool is_private_address(const transport::IpAddress& ip);

// What an endpoint's status means for its pushkey (docs/webpush.md, "UnifiedPush").
[[nodiscard]] ForeignVerdict verdict_of(int status);

struct ForeignPushConfig {
  std::vector<std::string> allowed_hosts;  // lower-case names or address literals
  bool allow_private = false;
  std::chrono::milliseconds timeout{10'000};
  std::size_t open_max = 100;  // pushes under way; past it kTryLater
  // Tests put their own names in its place.
  std::function<Result<std::vector<transport::SocketAddress>>(const std::string& host, std::uint16_t port)> resolve =
      transport::resolve_host;
};

// Shared by the gateways of all loops; push() on any thread. Requests run on `loop`, which serves nothing else: looking
// a name up may block it. Destroy it after `loop` has ended.
class ForeignPush {
 public:
  ForeignPush(ForeignPushConfig config, transport::EventLoop& loop) : config_(std::move(config)), loop_(loop) {}

  [[nodiscard]] bool allows(const transport::Url& url) const;
  // kRejected at once, without any request, if the URL's host is not allowed. The host's name is looked up anew for
  // each push, and the addresses that were judged are the ones connected to: a name that changes in between (DNS
  // rebinding) leads nowhere else. Redirects are not followed. Answers on the reply's executor.
  void push(const transport::Url& url, Urgency urgency, std::string body, Reply<ForeignVerdict> reply);

 private:
  using Answer = std::shared_ptr<Reply<ForeignVerdict>>;
  void send(const transport::Url& url, Urgency urgency, std::string body, Answer answer);
  void finish(const Answer& answer, ForeignVerdict verdict);

  const ForeignPushConfig config_;
  transport::EventLoop& loop_;
  std::atomic<std::size_t> open_{0};
};

}  // namespace herald::roles::app_server
