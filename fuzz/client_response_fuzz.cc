// Whatever a server answers, the client reads one bounded response or an error, and pieces do not change it. The first
// byte chooses HEAD (bit 0) and the size of the pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "transport/client_response.h"

namespace {

using herald::transport::ClientResponseParser;

constexpr std::uint64_t kBodyMaxBytes = 200;

std::string read_all(std::string_view bytes, bool to_head, std::size_t step) {
  ClientResponseParser parser(to_head, kBodyMaxBytes);
  bool complete = false;
  while (!bytes.empty() && !complete) {
    const auto consumed = parser.consume(bytes.substr(0, step));
    if (!consumed) return "refused";
    complete = *consumed;
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  if (!complete && !parser.end()) return "refused";
  const auto response = parser.take_response();
  HERALD_CHECK(response.body.size() <= kBodyMaxBytes, "a body past the limit");
  std::string out = std::to_string(response.status) + "\n";
  for (const auto& [name, value] : response.headers) out.append(name).append(": ").append(value).push_back('\n');
  return out + "\n" + response.body + "\n" + parser.take_rest() + std::string(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool to_head = (data[0] & 1) != 0;
  const std::size_t step = 1 + (data[0] >> 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  HERALD_CHECK(read_all(bytes, to_head, std::max<std::size_t>(bytes.size(), 1)) == read_all(bytes, to_head, step),
               "the pieces say something else than the whole");
  return 0;
}
