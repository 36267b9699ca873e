// A URL that is accepted has usable parts, and reads the same when written down again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "transport/client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using herald::transport::Url;
  const auto url = Url::parse({reinterpret_cast<const char*>(data), size});
  if (!url) return 0;
  HERALD_CHECK(!url->host.empty() && url->port != 0 && url->target.starts_with('/'), "a part is missing");
  const auto again = Url::parse(url->origin() + url->target);
  HERALD_CHECK(again && again->scheme == url->scheme && again->host == url->host && again->port == url->port &&
                   again->target == url->target,
               "the URL reads differently when written down again");
  return 0;
}
