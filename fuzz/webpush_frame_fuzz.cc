// Any bytes as a frame from a Web Push device, first as the frame that tells the generation: what is accepted means
// what it can mean, what is not has a reason to close with.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/json.h"
#include "protocol/user_agent/generation.h"
#include "protocol/user_agent/webpush/frame.h"

namespace {

using namespace herald::protocol::webpush;

void check_json(std::string_view reply) {
  HERALD_CHECK(herald::protocol::JsonDocument::parse(reply, 4).has_value(), "replies are JSON");
}

void check(const Hello& hello) {
  check_json(hello_reply(hello.uaid, {hello.broadcasts, {hello.uaid}}));
}
void check(const Register& request) {
  HERALD_CHECK(!request.key || !request.bad_key, "a key is good or bad");
  check_json(registered_reply(request.channel, "https://push.example.com/"));
}
void check(const Unregister& request) {
  check_json(unregister_reply(request.channel, 200));
}
void check(const BroadcastSubscribe& request) {
  check_json(broadcast_frame({request.broadcasts, {}}));
}
template <class Other>
void check(const Other& /*request*/) {}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const herald::Limits limits;
  const auto told = herald::protocol::sort_first_frame(text, size % 2 == 0, limits);
  const auto request = parse_frame(text, limits);
  if (!request) {
    HERALD_CHECK(request.error().close_reason == "Json" || request.error().close_reason == "SM", "a known reason");
    return 0;
  }
  HERALD_CHECK(told != herald::protocol::FirstFrame::kUnreadable, "what can be read is an object");
  std::visit([](const auto& body) { check(body); }, *request);
  return 0;
}
