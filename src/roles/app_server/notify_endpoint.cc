#include "roles/app_server/notify_endpoint.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "protocol/app_server/notify/plain_text.h"
#include "protocol/app_server/notify/receipt.h"
#include "roles/app_server/replies.h"

namespace herald::roles::app_server {

namespace notify = protocol::notify;

namespace {

constexpr std::size_t kReceiptPageDefault = 100;
constexpr std::size_t kReceiptPageMost = 1'000;
constexpr std::size_t kLocationBytes = 192;
constexpr std::string_view kRepeated =
    "This signature was accepted before: sign the whole request (\"signs\":\"request\") to send the same text again";
constexpr std::string_view kUnproven = "This message was signed: ask with the Location that its POST was answered with";

notify::ReceiptHead head_of(const ports::MessageStatus& status) {
  return {.id = status.id,
          .sender_id = status.replace_key,
          .priority = status.priority,
          .accepted_at = status.accepted_at,
          .expires_at = status.expires_at,
          .routed = status.routed,
          .state = status.state,
          .ended_at = status.ended_at,
          .recipients = status.recipients,
          .acked = status.acked};
}

// nullopt: `text` is not a whole number from 1 on.
std::optional<std::size_t> page_limit(std::optional<std::string> text) {
  if (!text) return kReceiptPageDefault;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit == 0) return std::nullopt;
  return std::min(limit, kReceiptPageMost);
}

notify::Rejection unproven() {
  return {403, std::string(kUnproven), "unproven"};
}

transport::HttpResponse receipt_answer(std::string body) {
  auto response = json_answer(200, std::move(body));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

// ?name= or else X-Name: what a body of text can't say.
std::optional<std::string> field(const transport::HttpRequest& request, std::string_view name) {
  if (auto value = request.query_value(name)) return value;
  const auto value = request.header("X-" + std::string(name));
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

// `proof`: empty if the app has no key.
transport::HttpResponse accepted_answer(std::string_view base_path, const AppId& app, const MessageId& id,
                                        const std::string& proof) {
  auto response = json_answer(200, notify::accepted_body());
  std::string location;
  location.reserve(kLocationBytes + base_path.size());
  location += base_path;
  location += "/notify/";
  append_hex(location, app.bytes);
  location += "/messages/";
  append_hex(location, id.bytes);
  if (!proof.empty()) location.append("?proof=").append(proof);
  response.headers.emplace_back("Location", std::move(location));
  response.headers.emplace_back("Access-Control-Expose-Headers", "Location");
  return response;
}

}  // namespace

struct NotifyEndpoint::Posting {
  notify::Notification notification;
  AppId app;
  transport::HttpResponder responder;
  MonoTime began;
  ReceiptId signed_as{};  // all zero: the app has no key
};

struct NotifyEndpoint::Inquiry {
  AppId app;
  std::optional<UserAgentId> after;
  std::size_t limit;
  std::string proof;
  transport::HttpResponder responder;
};

NotifyEndpoint::NotifyEndpoint(NotifyConfig config, NotifyPorts ports, Executor& loop, const Clock& clock, Log& log,
                               Metrics& metrics)
    : config_(std::move(config)),
      ports_(ports),
      loop_(loop),
      clock_(clock),
      log_(log),
      apps_(config_.cached_apps_max, std::chrono::milliseconds(config_.limits.app_cached_ms)),
      refusals_(metrics),
      acceptance_({ports.directory, ports.queue, ports.order, ports.deadline}, loop, clock, log, metrics),
      accept_seconds_(metrics.histogram("herald_accept_seconds",
                                        "Time from a complete request to the answer that it is stored.",
                                        {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5})) {}

void NotifyEndpoint::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method == "OPTIONS") return responder.send(preflight());
  if (names_message(request.path)) return receipt(request, std::move(responder));
  if (request.method == "POST") return post(request, std::move(responder));
  refusals_.add("method");
  responder.send(method_not_allowed("POST"));
}

void NotifyEndpoint::post(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (config_.draining && config_.draining()) {
    refusals_.add("draining");
    return responder.send(try_again_later());
  }
  const auto token = request.query_value("token");
  const auto path = parse_notify_path(request.path, token);
  if (!path) return refuse(responder, path.error());
  auto notification = read(request);
  if (!notification) return refuse(responder, notification.error());
  auto posting = std::make_unique<Posting>(std::move(*notification), path->app, std::move(responder), clock_.mono());
  if (const auto app = apps_.find(path->app, clock_.mono())) return check(*app, std::move(posting));
  look_up(path->app, std::move(posting));
}

std::expected<notify::Notification, notify::Rejection> NotifyEndpoint::read(
    const transport::HttpRequest& request) const {
  if (!notify::is_plain_text(request.body, request.header("Content-Type").value_or(""))) {
    return notify::parse_notification(request.body, clock_.wall(), config_.limits);
  }
  const auto json =
      notify::json_of_text(request.body, [&request](std::string_view name) { return field(request, name); });
  if (!json) return std::unexpected(notify::Rejection{400, "Message is not UTF-8 text", "not_text"});
  return notify::parse_notification(*json, clock_.wall(), config_.limits);
}

void NotifyEndpoint::look_up(AppId app, std::unique_ptr<Posting> posting) {
  auto found = [this, posting = std::move(posting)](Result<App> answer) mutable {
    if (answer) return check(*apps_.keep(std::move(*answer), clock_.mono()), std::move(posting));
    if (answer.error().kind != ErrorKind::kNotFound) return fail_with(posting->responder, answer.error());
    refuse(posting->responder, {404, "No valid AppToken", "unknown_app"});
  };
  ports_.directory.find_app(app, Reply<Result<App>>(loop_, std::move(found)));
}

void NotifyEndpoint::check(const App& app, std::unique_ptr<Posting> posting) {
  const auto rejection =
      notify::check_signature(posting->notification, app, static_cast<int>(config_.limits.rsa_min_bits));
  if (rejection) return refuse(posting->responder, *rejection);
  if (app.public_key_pem.empty()) return accept(std::move(posting));
  posting->signed_as = notify::name_of_signed(posting->notification, app.id);
  accept_once(std::move(posting));
}

// Devices see the signature, and could post it again.
void NotifyEndpoint::accept_once(std::unique_ptr<Posting> posting) {
  const ReceiptId signed_as = posting->signed_as;
  auto looked = [this, posting = std::move(posting)](Result<ports::ReceiptPage> earlier) mutable {
    if (!earlier) return fail_with(posting->responder, earlier.error());
    if (!earlier->messages.empty()) return refuse(posting->responder, {409, std::string(kRepeated), "repeated"});
    accept(std::move(posting));
  };
  ports_.receipts.of_receipt(signed_as, std::nullopt, 1, clock_.wall(),
                             Reply<Result<ports::ReceiptPage>>(loop_, std::move(looked)));
}

void NotifyEndpoint::accept(std::unique_ptr<Posting> posting) {
  Message message;
  message.app = posting->app;
  message.priority = posting->notification.priority;
  message.replace_key = std::move(posting->notification.id);
  message.body = std::move(posting->notification.body);
  message.expires_at = posting->notification.expires_at;
  message.receipt = posting->signed_as;
  acceptance_.accept(std::move(message), [this, posting = std::move(posting)](const Result<MessageId>& id) {
    if (!id) {
      refusals_.add(to_string(id.error().kind));
      return posting->responder.send(failure(id.error()));
    }
    accept_seconds_.observe(std::chrono::duration<double>(clock_.mono() - posting->began).count());
    const bool is_signed = posting->signed_as != ReceiptId{};
    const std::string proof = is_signed ? ports_.tokens.sender_proof(*id) : std::string();
    posting->responder.send(accepted_answer(config_.base_path, posting->app, *id, proof));
  });
}

void NotifyEndpoint::receipt(const transport::HttpRequest& request, transport::HttpResponder responder) {
  if (request.method != "GET" && request.method != "DELETE") {
    refusals_.add("method");
    return responder.send(method_not_allowed("GET, DELETE"));
  }
  auto path = parse_notify_path(request.path, std::nullopt);
  if (!path) return refuse(responder, path.error());
  if (request.method == "GET") return show(request, std::move(*path), std::move(responder));
  take_back(request, std::move(*path), std::move(responder));
}

void NotifyEndpoint::show(const transport::HttpRequest& request, NotifyPath path, transport::HttpResponder responder) {
  const auto limit = page_limit(request.query_value("limit"));
  if (!limit) return refuse(responder, {400, "Bad limit", "bad_limit"});
  auto inquiry = std::make_unique<Inquiry>(path.app, std::nullopt, *limit, request.query_value("proof").value_or(""),
                                           std::move(responder));
  if (const auto cursor = request.query_value("after")) {
    const auto after = ports_.cursors.open(path.app, *cursor);
    if (!after) return refuse(inquiry->responder, {400, "Bad cursor", "bad_cursor"});
    inquiry->after = *after;
  }
  auto found = [this, inquiry = std::move(inquiry)](Result<ports::MessageStatus> status) mutable {
    if (!status) return fail_with(inquiry->responder, status.error());
    if (!may_act(*status, inquiry->proof)) return refuse(inquiry->responder, unproven());
    page(std::move(inquiry), std::move(*status));
  };
  ports_.messages.status(path.app, std::move(*path.message), clock_.wall(),
                         Reply<Result<ports::MessageStatus>>(loop_, std::move(found)));
}

void NotifyEndpoint::page(std::unique_ptr<Inquiry> inquiry, ports::MessageStatus status) {
  const auto after = inquiry->after;
  const auto limit = inquiry->limit;
  const auto message = status.id;
  auto read = [this, inquiry = std::move(inquiry),
               status = std::move(status)](Result<ports::DeliveryPage> answer) mutable {
    if (!answer) return fail_with(inquiry->responder, answer.error());
    std::string next;
    if (answer->more && !answer->deliveries.empty()) {
      next = ports_.cursors.seal(inquiry->app, answer->deliveries.back().user_agent);
    }
    inquiry->responder.send(
        receipt_answer(notify::receipt_body(inquiry->app, head_of(status), answer->deliveries, next)));
  };
  ports_.deliveries.of_message(message, after, limit, clock_.wall(),
                               Reply<Result<ports::DeliveryPage>>(loop_, std::move(read)));
}

bool NotifyEndpoint::may_act(const ports::MessageStatus& status, const std::string& proof) const {
  return status.receipt == ReceiptId{} || ports_.tokens.proves_sender(proof, status.id);
}

void NotifyEndpoint::take_back(const transport::HttpRequest& request, NotifyPath path,
                               transport::HttpResponder responder) {
  auto found = [this, path, proof = request.query_value("proof").value_or(""),
                responder = std::move(responder)](Result<ports::MessageStatus> status) mutable {
    if (!status) return fail_with(responder, status.error());
    if (!may_act(*status, proof)) return refuse(responder, unproven());
    // A newer message may have come under the sender's id.
    if (status->receipt != ReceiptId{}) path.message = status->id.hex();
    cancel(std::move(path), std::move(responder));
  };
  ports_.messages.status(path.app, *path.message, clock_.wall(),
                         Reply<Result<ports::MessageStatus>>(loop_, std::move(found)));
}

void NotifyEndpoint::cancel(NotifyPath path, transport::HttpResponder responder) {
  auto cancelled = [this, app = path.app,
                    responder = std::move(responder)](Result<ports::MessageStatus> status) mutable {
    if (!status) return fail_with(responder, status.error());
    if (log_.enabled(LogLevel::kDebug)) log_.debug("message cancelled", {{"message", status->id.hex()}});
    responder.send(receipt_answer(notify::receipt_body(app, head_of(*status), {}, {})));
  };
  ports_.messages.cancel(path.app, std::move(*path.message), clock_.wall(),
                         Reply<Result<ports::MessageStatus>>(loop_, std::move(cancelled)));
}

void NotifyEndpoint::refuse(transport::HttpResponder& responder, const notify::Rejection& rejection) {
  refusals_.add(rejection.metric);
  responder.send(refusal(rejection));
}

void NotifyEndpoint::fail_with(transport::HttpResponder& responder, const Error& error) {
  refusals_.add(to_string(error.kind));
  if (error.kind == ErrorKind::kInternal || error.kind == ErrorKind::kCorrupt) {
    log_.error("application server request failed", {{"reason", error.message}});
  }
  responder.send(failure(error));
}

}  // namespace herald::roles::app_server
