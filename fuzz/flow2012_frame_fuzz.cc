// Any bytes as a frame from a device: what is accepted keeps its limits, what is not gets a JSON reply. Its uatoken is
// given to the verifier, which must refuse it: nobody guesses a token.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/json.h"
#include "protocol/user_agent/flow2012/frame.h"
#include "protocol/user_agent/flow2012/ua_token.h"

namespace {

using namespace herald::protocol::flow2012;

const UaTokens& tokens() {
  static const UaTokens kTokens({std::vector<std::uint8_t>(32, 7)});
  return kTokens;
}

void check_reply(std::string_view reply) {
  HERALD_CHECK(herald::protocol::JsonDocument::parse(reply, 4).has_value(), "a rejection is answered with JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const herald::Limits limits;
  const auto request = parse_frame(text, limits);
  if (!request) {
    check_reply(request.error().reply);
    return 0;
  }
  std::visit(
      [&](const auto& body) {
        HERALD_CHECK(body.uatoken.size() <= limits.uatoken_max_bytes, "a token keeps its limit");
        HERALD_CHECK(!tokens().verify(body.uatoken), "a guessed token is refused");
      },
      request->body);
  if (const auto* wa = std::get_if<RegisterWa>(&request->body)) {
    HERALD_CHECK(wa->watoken.size() <= limits.watoken_max_bytes, "a token keeps its limit");
    (void)notify_url("http://h", app_id(wa->watoken, wa->pbkbase64));
  }
  return 0;
}
