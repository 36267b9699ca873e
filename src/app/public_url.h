#pragma once
// The option public_url: what the URLs of devices, senders and receipts begin with.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/address.h"

namespace herald::app {

// `text` in the one form that Herald uses: scheme and host in lower case, an international name in ASCII, no default
// port, no slash at the end; a path stays. kInvalid: not http:// or https:// with a host, or with a query, a fragment,
// or a path that browsers or proxies would change. The message shows `text`.
[[nodiscard]] Result<std::string> normal_public_url(std::string_view text);

struct DerivedUrl {
  std::string url;  // of the first listener; one that is open to all addresses is named by its loopback address
  // The URL names a loopback address, though a listener is open to other machines.
  bool for_this_machine_only = false;
};
// The public URL if none is configured. At least one listener.
[[nodiscard]] DerivedUrl derived_public_url(std::span<const transport::SocketAddress> listeners, bool tls);

}  // namespace herald::app
