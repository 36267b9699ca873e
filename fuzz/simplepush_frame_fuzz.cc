// Any bytes as a frame from a SimplePush device: what is accepted keeps its bounds, what is not gets a JSON reply.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/json.h"
#include "protocol/subscription/subscription.h"
#include "protocol/user_agent/simplepush/frame.h"

namespace {

using namespace herald::protocol::simplepush;

void check_json(std::string_view reply, std::size_t depth) {
  HERALD_CHECK(herald::protocol::JsonDocument::parse(reply, depth).has_value(), "replies are JSON");
}

void check_channel(const std::string& channel) {
  HERALD_CHECK(herald::protocol::subscription::is_simplepush_channel(channel), "a channel keeps its limits");
  check_json(registered_reply(channel, "https://push.example.com/"), 4);
  check_json(unregister_reply(channel, 202), 4);
}

void check(const Hello& hello) {
  for (const auto& channel : hello.channels.value_or(std::vector<std::string>())) check_channel(channel);
  HERALD_CHECK(!hello.wake || (hello.wake->port >= 1 && hello.wake->port < 65535), "a port that can be pinged");
}
void check(const Register& request) {
  check_channel(request.channel);
}
void check(const Unregister& request) {
  check_channel(request.channel);
}
void check(const Ack& ack) {
  for (const auto& refusal : ack.refusals) check_json(refusal, 64);
  for (const auto& update : ack.updates) HERALD_CHECK(update.version < kVersionEnd, "a version keeps its limit");
}
void check(const Ping& /*ping*/) {}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto request = parse_frame(text, herald::Limits{});
  if (!request) {
    check_json(request.error().reply, 4);
    return 0;
  }
  std::visit([](const auto& body) { check(body); }, *request);
  return 0;
}
