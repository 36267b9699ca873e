// Any bytes at the beginning of a proxy's connection: a header is never longer than its bytes or its bound, and what is
// known of one does not change when more bytes come.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "transport/proxy_header.h"

namespace transport = herald::transport;
using State = transport::ProxyHeader::State;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kMost = 300;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = transport::read_proxy_header(bytes, kMost);
  HERALD_CHECK(whole.state != State::kComplete || (whole.bytes <= size && whole.bytes <= kMost), "within its bounds");
  HERALD_CHECK(whole.state == State::kComplete || !whole.source, "only a complete header names anybody");
  HERALD_CHECK(whole.state != State::kNeedMore || size < kMost, "a header ends");
  for (std::size_t part = 0; part < size && part <= kMost; ++part) {
    const auto begun = transport::read_proxy_header(bytes.substr(0, part), kMost);
    if (begun.state == State::kNeedMore) continue;
    HERALD_CHECK(begun.state == whole.state && begun.bytes == whole.bytes && begun.source == whole.source,
                 "decided once");
    break;
  }
  return 0;
}
