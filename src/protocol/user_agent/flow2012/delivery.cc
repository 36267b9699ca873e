#include "base/check.h"
#include "base/json_string.h"
#include "protocol/json.h"
#include "protocol/user_agent/flow2012/frame.h"

namespace herald::protocol::flow2012 {
namespace {

// What the server adds to a body: names, quotes, commas and the message id.
constexpr std::size_t kAddedBytes = 80;

}  // namespace

void append_delivery_object(std::string& out, const Message& message, std::string_view notify_url) {
  const std::string_view body = message.body;
  HERALD_CHECK(message.kind == PayloadKind::kFlow2012, "a message of another generation in a 2012 delivery");
  HERALD_CHECK(body.starts_with('{') && body.ends_with('}'), "the body of a 2012 message is a JSON object");
  out.append(body.substr(0, body.size() - 1));
  out += body.size() > 2 ? R"(,"messageId":")" : R"("messageId":")";
  out += message.id.hex();
  out += R"(","url":)";
  append_json_string(out, notify_url);
  out.push_back('}');
}

std::string delivery_frame(const Message& message, std::string_view notify_url) {
  std::string out;
  out.reserve(message.body.size() + notify_url.size() + kAddedBytes);
  out.push_back('[');
  append_delivery_object(out, message, notify_url);
  out.push_back(']');
  return out;
}

std::string delivery_array(const std::vector<MessagePtr>& messages, std::string_view public_url) {
  std::string out = "[";
  for (const MessagePtr& message : messages) {
    if (out.size() > 1) out.push_back(',');
    append_delivery_object(out, *message, notify_url(public_url, message->app));
  }
  out.push_back(']');
  return out;
}

}  // namespace herald::protocol::flow2012
