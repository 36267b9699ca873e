// Any bytes as a queue envelope: what decodes must survive being encoded again.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/queue/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace herald::protocol::queue;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = decode_new_message(body)) {
    const auto again = decode_new_message(encode(*decoded));
    HERALD_CHECK(again && again->message == decoded->message && again->app == decoded->app &&
                     again->expires_at == decoded->expires_at,
                 "a new message survives");
  }
  if (const auto decoded = decode_for_server(body)) {
    const std::string encoded = std::visit([](const auto& envelope) { return encode(envelope); }, *decoded);
    const auto again = decode_for_server(encoded);
    HERALD_CHECK(again && again->index() == decoded->index(), "an envelope for a server survives");
  }
  if (const auto decoded = decode_deliveries(body)) {
    const auto again = decode_deliveries(encode(*decoded));
    HERALD_CHECK(again && again->events.size() == decoded->events.size(), "deliveries survive");
  }
  return 0;
}
