#include "roles/user_agent_udp/pull_endpoint.h"

#include <optional>
#include <utility>
#include <vector>

#include "domain/fair_share.h"
#include "protocol/pull/pull.h"
#include "protocol/queue/envelope.h"
#include "protocol/user_agent/flow2012/frame.h"
#include "transport/sender_address.h"

namespace herald::roles::user_agent_udp {

namespace flow2012 = protocol::flow2012;

namespace {

transport::HttpResponse answer_with(int status, std::string body) {
  auto response = transport::json_response(status, std::move(body));
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

// The answer to a CORS preflight (Fetch standard, "CORS-preflight request").
transport::HttpResponse preflight() {
  transport::HttpResponse response;
  response.status = 204;
  response.headers = {{"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Methods", "GET, POST"},
                      {"Access-Control-Allow-Headers", "authorization, content-type"},
                      {"Access-Control-Max-Age", "86400"}};
  return response;
}

}  // namespace

struct PullEndpoint::Pull {
  UserAgentId user_agent;
  transport::HttpResponder responder;
  FairShare share;
  std::optional<MessageId> after;
  MonoTime as_of;
  std::string ping{};
};

PullEndpoint::PullEndpoint(PullConfig config, PullPorts ports, Executor& loop, const Clock& clock, Log& log,
                           Metrics& metrics)
    : config_(std::move(config)),
      ports_(ports),
      loop_(loop),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      pulls_(metrics.counter("herald_pulls_total", "Pulls of sleeping devices that were answered.")),
      given_out_(metrics.counter("herald_pulled_total", "Notifications given out to pulls.")) {}

void PullEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "OPTIONS") return responder.send(preflight());
  if (request.method != "GET" && request.method != "POST") {
    refusals("method").add();
    auto response = answer_with(405, R"({"error":"Method not allowed"})");
    response.headers.emplace_back("Allow", "GET, POST");
    return responder.send(std::move(response));
  }
  if (config_.draining && config_.draining()) return try_later(responder, "draining");
  const auto query_token = request.query_value("token");
  auto parsed = protocol::pull::parse_pull(request.method, request.header("authorization"), query_token, request.body,
                                           config_.limits);
  if (!parsed) {
    return refuse(responder, parsed.error().status, std::move(parsed.error().body), parsed.error().metric);
  }
  const auto user_agent = ports_.tokens.verify(parsed->uatoken);
  if (!user_agent) return refuse(responder, 401, std::string(flow2012::error_token_not_accepted()), "ua_token");
  auto pull = std::make_unique<Pull>(*user_agent, std::move(responder), FairShare(config_.limits.pull_page),
                                     std::nullopt, MonoTime{});
  pull->ping = request.query_value("ping").value_or("");
  if (config_.spoke_from) {
    config_.spoke_from(*user_agent, transport::sender_address(request, config_.trusted_proxies));
  }
  if (parsed->acks.empty()) return read(std::move(pull));
  ack(std::move(parsed->acks), std::move(pull));
}

// The acks count only once the queue has them: a device that is refused here sends them again.
void PullEndpoint::ack(std::vector<MessageId> messages, std::unique_ptr<Pull> pull) {
  protocol::queue::Deliveries envelope;
  const auto now = clock_.wall();
  for (const auto& message : messages) {
    envelope.events.push_back({message, pull->user_agent, DeliveryState::kAcked, WallTime{}, now});
  }
  std::vector<std::string> bodies;
  bodies.push_back(protocol::queue::encode(envelope));
  auto taken = [this, messages = std::move(messages), pull = std::move(pull)](Status status) mutable {
    if (!status) return try_later(pull->responder, to_string(status.error().kind));
    for (const auto& message : messages) ports_.recent_acks.add(pull->user_agent, message);
    read(std::move(pull));
  };
  ports_.queue.publish(ports::kDeliveriesQueue, std::move(bodies), Reply<Status>(loop_, std::move(taken)));
}

// Reads all that is pending, page by page (pending_per_device bounds it): an empty answer must mean that nothing is
// pending, and an app whose messages are never acked must not hide those of the others.
void PullEndpoint::read(std::unique_ptr<Pull> pull) {
  if (!pull->after) pull->as_of = clock_.mono();
  const auto user_agent = pull->user_agent;
  const auto after = pull->after;
  auto found = [this, pull = std::move(pull)](Result<ports::PendingPage> page) mutable {
    if (!page) return try_later(pull->responder, to_string(page.error().kind));
    add(*pull, *page);
    const bool more = page->more && !page->messages.empty();
    if (!more || pull->share.settled()) return answer(*pull);
    read(std::move(pull));
  };
  ports_.deliveries.pending(user_agent, after, config_.limits.pull_page, clock_.wall(),
                            Reply<Result<ports::PendingPage>>(loop_, std::move(found)));
}

void PullEndpoint::add(Pull& pull, const ports::PendingPage& page) const {
  for (const auto& message : page.messages) {
    pull.after = message->id;
    if (message->kind != PayloadKind::kFlow2012) continue;
    if (ports_.recent_acks.contains(pull.user_agent, message->id)) continue;
    pull.share.offer(message);
  }
}

void PullEndpoint::answer(Pull& pull) {
  std::vector<MessagePtr> messages = pull.share.take();
  const WallTime now = clock_.wall();  // the store may have taken its time
  std::erase_if(messages, [now](const MessagePtr& message) { return is_expired(*message, now); });
  pulls_.add();
  given_out_.add(messages.size());
  report_sent(pull.user_agent, messages);
  if (config_.pulled) config_.pulled({pull.user_agent, !messages.empty(), pull.as_of, pull.ping});
  pull.responder.send(answer_with(200, flow2012::delivery_array(messages, config_.public_url)));
}

void PullEndpoint::report_sent(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) {
  if (messages.empty()) return;
  protocol::queue::Deliveries envelope;
  const auto now = clock_.wall();
  for (const auto& message : messages) {
    envelope.events.push_back({message->id, user_agent, DeliveryState::kSent, now, now});
    if (log_.enabled(LogLevel::kDebug)) log_.debug("message pulled", {{"message", message->id.hex()}});
  }
  std::vector<std::string> bodies;
  bodies.push_back(protocol::queue::encode(envelope));
  // A lost report only leaves the receipt at "pending" until the ack.
  ports_.queue.publish(ports::kDeliveriesQueue, std::move(bodies), Reply<Status>(loop_, [](Status) {}));
}

void PullEndpoint::refuse(transport::HttpResponder& responder, int status, std::string body, std::string_view reason) {
  refusals(reason).add();
  auto response = answer_with(status, std::move(body));
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  responder.send(std::move(response));
}

void PullEndpoint::try_later(transport::HttpResponder& responder, std::string_view reason) {
  refusals(reason).add();
  auto response = answer_with(503, R"({"error":"Try again later"})");
  response.headers.emplace_back("Retry-After", "5");
  responder.send(std::move(response));
}

Counter& PullEndpoint::refusals(std::string_view reason) {
  const auto found = refusals_.find(reason);
  if (found != refusals_.end()) return *found->second;
  auto& cell = metrics_.counter("herald_refusals_total", "Requests, frames and connections refused, by reason.",
                                {{"reason", std::string(reason)}});
  refusals_.emplace(std::string(reason), &cell);
  return cell;
}

}  // namespace herald::roles::user_agent_udp
