#include "app/commands/device_session.h"

#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::app {

namespace {

constexpr std::size_t kDepthMax = 512;
constexpr std::size_t kSeenMax = 4'096;

using protocol::JsonDocument;
using protocol::JsonValue;

// A string's text; anything else as it was written.
std::string text_of(const std::optional<JsonValue>& value) {
  if (!value) return {};
  const auto string = value->string();
  return std::string(string ? *string : value->raw());
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

}  // namespace

Result<std::vector<Arrived>> parse_deliveries(std::string_view json) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  if (!document) return std::unexpected(document.error());
  if (document->root().type() != protocol::JsonType::kArray) return fail(ErrorKind::kInvalid, "not an array");
  std::vector<Arrived> out;
  for (const JsonValue& element : document->root().elements()) {
    if (!element.is_object()) return fail(ErrorKind::kInvalid, "not an array of objects");
    out.push_back({.message_id = text_of(element.get("messageId")),
                   .message = text_of(element.get("message")),
                   .sender_id = text_of(element.get("id")),
                   .priority = text_of(element.get("priority")),
                   .json = std::string(element.raw())});
  }
  return out;
}

DeviceSession::Step DeviceSession::on_open() {
  // Registering an interface ends the connection, so a sleeping device registers its app first.
  waiting_ = identity_.wake ? Waiting::kForWa : Waiting::kForUa;
  Step step;
  step.send.push_back(identity_.wake ? register_wa() : register_ua());
  return step;
}

DeviceSession::Step DeviceSession::on_text(std::string_view text) {
  if (text.starts_with('[')) return deliveries(text);
  if (text.starts_with("http")) return wa_registered(std::string(text));
  const auto document = JsonDocument::parse(text, kDepthMax);
  Step step;
  if (!document) return step;
  if (const auto error = document->root().get("error")) {
    step.error = text_of(error);
    return step;
  }
  if (const auto url = document->root().get("url")) return wa_registered(text_of(url));
  if (text_of(document->root().get("status")) == "REGISTERED") return ua_registered();
  return step;
}

DeviceSession::Step DeviceSession::ua_registered() {
  Step step;
  if (waiting_ != Waiting::kForUa) return step;
  if (identity_.wake) {
    waiting_ = Waiting::kNothing;
    step.registered = true;
  } else {
    waiting_ = Waiting::kForWa;
    step.send.push_back(register_wa());
  }
  return step;
}

DeviceSession::Step DeviceSession::wa_registered(std::string url) {
  Step step;
  if (waiting_ != Waiting::kForWa) return step;
  step.url = std::move(url);
  if (identity_.wake) {
    waiting_ = Waiting::kForUa;
    step.send.push_back(register_ua());
  } else {
    waiting_ = Waiting::kNothing;
    step.registered = true;
  }
  return step;
}

DeviceSession::Step DeviceSession::deliveries(std::string_view text) {
  Step step;
  auto arrived = parse_deliveries(text);
  if (!arrived) return step;
  for (auto& one : *arrived) {
    if (acks_ && !one.message_id.empty()) {
      std::string ack = "{";
      append_member(ack, "messageType", "ack");
      append_member(ack, "messageId", one.message_id);
      step.send.push_back(ack + "}");
    }
    if (is_new(one.message_id)) step.arrived.push_back(std::move(one));
  }
  return step;
}

bool RecentMessages::is_new(const std::string& message_id) {
  if (message_id.empty()) return true;
  if (!seen_.insert(message_id).second) return false;
  order_.push_back(message_id);
  if (order_.size() > kSeenMax) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

std::string DeviceSession::register_ua() const {
  std::string data = "{";
  append_member(data, "uatoken", identity_.uatoken);
  if (identity_.wake) {
    std::string interface = "{";
    append_member(interface, "ip", identity_.wake->ip);
    append_member(interface, "port", std::to_string(identity_.wake->port));
    data += ",\"interface\":" + interface + "}";
  }
  return "{\"data\":" + data + "},\"messageType\":\"registerUA\"}";
}

std::string DeviceSession::register_wa() const {
  std::string data = "{";
  append_member(data, "uatoken", identity_.uatoken);
  append_member(data, "watoken", identity_.watoken);
  if (!identity_.pbkbase64.empty()) append_member(data, "pbkbase64", identity_.pbkbase64);
  return "{\"data\":" + data + "},\"messageType\":\"registerWA\"}";
}

}  // namespace herald::app
