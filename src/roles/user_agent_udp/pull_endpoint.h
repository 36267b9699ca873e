#pragma once
// /pull of NS-UA-UDP: where a woken device takes its notifications (docs/protocols.md).
//
//   GET /pull   answers what is pending, oldest first, at most pull_page, no app at the cost of another
//   POST /pull  acks {"ack": [messageId, …]} first
//
// ?ping=<nonce> on either proves that the device received that ping.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "domain/ids.h"
#include "domain/message.h"
#include "domain/recent_acks.h"
#include "ports/delivery_store.h"
#include "ports/message_queue.h"
#include "protocol/user_agent/flow2012/ua_token.h"
#include "transport/address.h"
#include "transport/http.h"

namespace herald::roles::user_agent_udp {

// That a device pulled, for the one that pings it.
struct PullNotice {
  UserAgentId user_agent;
  bool anything_left = false;  // the answer held notifications, which are pending until acked
  MonoTime as_of;              // when the pending ones were asked for
  std::string ping{};          // the nonce of the ping that woke it, as it says; empty: it says none
};

struct PullConfig {
  Limits limits;
  std::string public_url;          // the origin of notify URLs
  std::function<bool()> draining;  // any thread; true: 503. Empty: never
  // Called on the loop for each pull that was answered; hands over to the loop that pings. Empty: nobody pings here.
  std::function<void(const PullNotice&)> pulled;
  // Called on the loop before that: a device with a valid token asks from this address. Empty: nobody wants to know.
  std::function<void(const UserAgentId&, const transport::IpAddress&)> spoke_from = {};
  std::vector<transport::Network> trusted_proxies = {};  // those that name the device's address
};

// Everything must outlive the endpoint.
struct PullPorts {
  ports::DeliveryStore& deliveries;
  ports::MessageQueue& queue;
  const protocol::flow2012::UaTokens& tokens;
  RecentAcks& recent_acks;  // the server's: a device's next pull may come to another loop
};

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class PullEndpoint final : public transport::HttpHandler {
 public:
  PullEndpoint(PullConfig config, PullPorts ports, Executor& loop, const Clock& clock, Log& log, Metrics& metrics);

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override;

 private:
  struct Pull;

  void ack(std::vector<MessageId> messages, std::unique_ptr<Pull> pull);
  void read(std::unique_ptr<Pull> pull);
  void add(Pull& pull, const ports::PendingPage& page) const;
  void answer(Pull& pull);
  void report_sent(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages);
  void refuse(transport::HttpResponder& responder, int status, std::string body, std::string_view reason);
  void try_later(transport::HttpResponder& responder, std::string_view reason);
  Counter& refusals(std::string_view reason);

  PullConfig config_;
  PullPorts ports_;
  Executor& loop_;
  const Clock& clock_;
  Log& log_;
  Metrics& metrics_;
  std::map<std::string, Counter*, std::less<>> refusals_;
  Counter& pulls_;
  Counter& given_out_;
};

}  // namespace herald::roles::user_agent_udp
