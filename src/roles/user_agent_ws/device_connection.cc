#include "roles/user_agent_ws/device_connection.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/crypto.h"
#include "domain/app.h"

namespace herald::roles::user_agent_ws {

namespace flow = protocol::flow2012;
using transport::CloseCode;

namespace {

// What the envelope of a delivered message adds to its body, at most, roughly.
constexpr std::size_t kDeliveryOverheadBytes = 256;

// The PEM text inside `pbkbase64` if it is an acceptable key; empty if no key was given.
Result<std::string> public_key_pem(std::string_view pbkbase64, const Limits& limits) {
  if (pbkbase64.empty()) return std::string();
  const auto pem = from_base64(pbkbase64);
  if (!pem) return std::unexpected(pem.error());
  const auto key = PublicKey::from_pem(as_text(*pem), static_cast<int>(limits.rsa_min_bits));
  if (!key) return std::unexpected(key.error());
  return std::string(as_text(*pem));
}

std::size_t delivery_bytes(const std::vector<MessagePtr>& messages) {
  std::size_t bytes = 0;
  for (const auto& message : messages) bytes += message->body.size() + kDeliveryOverheadBytes;
  return bytes;
}

// Leaves out, from each app its newest, what would not fit into the connection's send buffer together; it stays
// pending.
void cut_to(std::vector<MessagePtr>& messages, std::size_t bytes_max) {
  while (messages.size() > 1) {
    const std::size_t bytes = delivery_bytes(messages);
    if (bytes <= bytes_max) return;
    FairShare share(std::clamp<std::size_t>(messages.size() * bytes_max / bytes, 1, messages.size() - 1));
    for (const auto& message : messages) share.offer(message);
    messages = share.take();
  }
}

}  // namespace

struct DeviceConnection::Line {
  struct Place {
    Waiting waiting;
    std::size_t size;
  };
  std::deque<Place> waiting;
  std::size_t bytes = 0;
  bool at_work = false;                        // on a request that is not among those that wait
  std::shared_ptr<DeviceConnection*> session;  // what answers find; null inside once it is gone
};

DeviceConnection::DeviceConnection(SessionHost& host) : host_(host) {}

DeviceConnection::~DeviceConnection() {
  if (line_) *line_->session = nullptr;
}

DeviceConnection::Line& DeviceConnection::line() {
  if (!line_) {
    line_ = std::make_unique<Line>();
    line_->session = std::make_shared<DeviceConnection*>(this);
  }
  return *line_;
}

template <class T, class Then>
Reply<T> DeviceConnection::answer(Then then) {
  return Reply<T>(host_.context().executor, [session = line().session, then = std::move(then)](T value) mutable {
    DeviceConnection* self = *session;
    if (self != nullptr && then(std::move(value))) self->finish();
  });
}

void DeviceConnection::on_text(std::string_view text) {
  auto request = flow::parse_frame(text, host_.context().config.limits);
  if (request) return take(*std::move(request), text.size());
  take(Refusal{std::move(request.error().reply), request.error().reason, CloseCode::kPolicyViolation}, text.size());
}

void DeviceConnection::on_binary() {
  take(Refusal{std::string(flow::error_binary()), "binary", CloseCode::kUnsupportedData}, 0);
}

std::string DeviceConnection::delivery_frame(const Message& message) const {
  return flow::delivery_frame(message, flow::notify_url(host_.context().config.public_url, message.app));
}

void DeviceConnection::take(Waiting waiting, std::size_t size) {
  if (!line_ && !host_.blocked()) {
    if (!perform(waiting)) line().at_work = true;
    return;
  }
  if (line().waiting.size() >= kRequestsWaitingMax || line_->bytes + size > kRequestBytesWaitingMax) {
    host_.count_refusal("too_many_requests");
    return close(CloseCode::kPolicyViolation, "too many requests at once");
  }
  line_->bytes += size;
  line_->waiting.push_back({std::move(waiting), size});
}

void DeviceConnection::finish() {
  if (line_) line_->at_work = false;
  go_on();
}

void DeviceConnection::go_on() {
  while (line_ && !line_->at_work && !line_->waiting.empty()) {
    if (host_.blocked()) return;
    const auto next = std::move(line_->waiting.front());
    line_->waiting.pop_front();
    line_->bytes -= next.size;
    if (!perform(next.waiting)) line().at_work = true;
  }
  if (line_ && !line_->at_work) line_.reset();
}

bool DeviceConnection::perform(const Waiting& waiting) {
  if (const auto* refusal = std::get_if<Refusal>(&waiting)) {
    host_.send(refusal->reply);
    host_.count_refusal(refusal->metric);
    close(refusal->code, "refused");
    return true;
  }
  const auto& request = std::get<flow::Request>(waiting);
  return std::visit([&](const auto& body) { return handle(request.spelling, body); }, request.body);
}

bool DeviceConnection::refuse(std::string_view text, std::string_view metric) {
  host_.send(text);
  host_.count_refusal(metric);
  close(CloseCode::kPolicyViolation, "refused");
  return true;
}

bool DeviceConnection::decline(std::string_view text, std::string_view metric) {
  host_.send(text);
  host_.count_refusal(metric);
  return true;
}

void DeviceConnection::close(CloseCode code, std::string_view reason) {
  if (line_) line_->waiting.clear();
  host_.close(code, reason);
}

std::optional<UserAgentId> DeviceConnection::speaker(std::string_view uatoken) {
  if (uatoken.empty()) {
    if (const UserAgentId* own = host_.user_agent()) return *own;
    refuse(flow::error_not_registered(), "not_registered");
    return std::nullopt;
  }
  if (const auto verified = host_.context().tokens.verify(uatoken)) return *verified;
  refuse(flow::error_token_not_accepted(), "bad_token");
  return std::nullopt;
}

std::optional<UserAgentId> DeviceConnection::owner(std::string_view uatoken, bool bad_uatoken) const {
  const UserAgentId* own = host_.user_agent();
  if (uatoken.empty() && !bad_uatoken && own != nullptr) return *own;
  const auto verified = host_.context().tokens.verify(uatoken);
  return verified ? std::optional(*verified) : std::nullopt;
}

bool DeviceConnection::handle(Spelling spelling, const flow::RegisterUa& request) {
  const auto user_agent = host_.context().tokens.verify(request.uatoken);
  if (!user_agent) return refuse(flow::error_token_not_accepted(), "bad_token");
  // One connection is one device: deliveries and acks do not name theirs.
  if (host_.user_agent() != nullptr && *host_.user_agent() != *user_agent) {
    return refuse(flow::error_token_not_accepted(), "second_device");
  }
  if (!request.has_interface) return register_online(spelling, *user_agent);
  if (!request.interface || !host_.context().config.allowed(*request.interface)) {
    return refuse(flow::error_could_not_add_ua(), "bad_interface");
  }
  return register_asleep(spelling, *user_agent, *request.interface);
}

bool DeviceConnection::register_online(Spelling spelling, const UserAgentId& user_agent) {
  line();
  host_.go_online(user_agent, std::nullopt, [this, spelling](const Status& status) {
    if (!status) {
      decline(flow::error_could_not_add_ua(), "store");
      return finish();
    }
    host_.send(flow::reply_registered_ua(spelling));
    host_.start_deliveries();
    finish();
  });
  return false;
}

bool DeviceConnection::register_asleep(Spelling spelling, const UserAgentId& user_agent, const WakeInterface& wake) {
  line();
  host_.go_to_sleep(user_agent, wake, [this, spelling](const Status& status) {
    if (!status) {
      decline(flow::error_could_not_add_ua(), "store");
      return finish();
    }
    host_.send(flow::reply_registered_ua(spelling));
    close(CloseCode::kNormal, "sleep well");
    finish();
  });
  return false;
}

bool DeviceConnection::handle(Spelling spelling, const flow::RegisterWa& request) {
  const auto user_agent = owner(request.uatoken, request.bad_uatoken);
  if (!user_agent) return refuse(flow::error_token_not_accepted(), "bad_token");
  if (request.watoken.empty()) return decline(flow::error_could_not_add_wa(), "bad_watoken");
  auto pem = public_key_pem(request.pbkbase64, host_.context().config.limits);
  if (request.bad_key || !pem) return decline(flow::error_could_not_add_wa(), "bad_public_key");

  const AppId app = flow::app_id(request.watoken, request.pbkbase64);
  host_.context().directory.register_app(
      App{app, PayloadKind::kFlow2012, *std::move(pem)}, *user_agent,
      answer<Status>([this, spelling, app](const Status& status) {
        if (!status) return decline(flow::error_could_not_add_wa(), to_string(status.error().kind));
        host_.send(flow::reply_registered_wa(spelling, flow::notify_url(host_.context().config.public_url, app)));
        return true;
      }));
  return false;
}

bool DeviceConnection::handle(Spelling spelling, const flow::UnregisterWa& request) {
  const auto user_agent = owner(request.uatoken, request.bad_uatoken);
  if (!user_agent) return refuse(flow::error_token_not_accepted(), "bad_token");
  if (request.watoken.empty()) return decline(flow::error_could_not_add_wa(), "bad_watoken");

  const AppId app = flow::app_id(request.watoken, request.pbkbase64);
  host_.context().directory.unregister_app(
      app, *user_agent,
      answer<Result<bool>>([this, spelling, app, device = *user_agent](const Result<bool>& was_registered) {
        if (!was_registered) {
          return decline(flow::error_could_not_add_wa(), to_string(was_registered.error().kind));
        }
        host_.left_app(device, app);
        host_.send(flow::reply_unregistered_wa(spelling, flow::notify_url(host_.context().config.public_url, app)));
        return true;
      }));
  return false;
}

bool DeviceConnection::handle(Spelling /*spelling*/, const flow::Ack& request) {
  if (const auto user_agent = speaker(request.uatoken)) host_.acked(*user_agent, request.messages);
  return true;
}

bool DeviceConnection::handle(Spelling /*spelling*/, const flow::GetAllMessages& request) {
  const auto user_agent = speaker(request.uatoken);
  if (!user_agent) return true;
  read_pending(*user_agent, std::nullopt, std::make_shared<FairShare>(host_.context().config.limits.pull_page));
  return false;
}

void DeviceConnection::read_pending(const UserAgentId& user_agent, std::optional<MessageId> after,
                                    std::shared_ptr<FairShare> share) {
  Context& context = host_.context();
  const auto read = [this, device = user_agent, share = std::move(share)](const Result<ports::PendingPage>& page) {
    if (!page) {
      host_.count_refusal(to_string(page.error().kind));
      close(CloseCode::kInternalError, "try again later");
      return true;
    }
    for (const auto& message : page->messages) {
      // A device that has also spoken a newer generation gets those notifications there.
      if (!wants(*message) || host_.context().recent_acks.contains(device, message->id)) continue;
      share->offer(message);
    }
    if (page->more && !page->messages.empty() && !share->settled()) {
      read_pending(device, page->messages.back()->id, share);
      return false;
    }
    auto pending = share->take();
    const WallTime now = host_.context().clock.wall();  // the store may have taken its time
    std::erase_if(pending, [now](const MessagePtr& message) { return is_expired(*message, now); });
    cut_to(pending, host_.context().config.limits.send_buffer_max_bytes / 2);
    return hand_out(device, pending);
  };
  context.deliveries.pending(user_agent, after, context.config.limits.pull_page, context.clock.wall(),
                             answer<Result<ports::PendingPage>>(read));
}

bool DeviceConnection::hand_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& pending) {
  host_.send(flow::delivery_array(pending, host_.context().config.public_url));
  host_.handed_out(user_agent, pending);
  if (host_.user_agent() != nullptr && *host_.user_agent() == user_agent) return true;
  host_.context().directory.locate(
      {user_agent}, answer<Result<std::vector<Node>>>([this](const Result<std::vector<Node>>& nodes) {
        if (nodes && !nodes->empty() && nodes->front().location.kind == LocationKind::kSleeping) {
          close(CloseCode::kNormal, "sleep well");
        }
        return true;
      }));
  return false;
}

}  // namespace herald::roles::user_agent_ws
