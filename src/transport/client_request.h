#pragma once
// The head of a request, as the client sends it. Private to transport.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "transport/client.h"

namespace herald::transport {

using ClientHeaders = std::vector<std::pair<std::string, std::string>>;

// The request line and headers, with the empty line after them (RFC 9112 §3, §5). Host and User-Agent are added if they
// are not given. kInvalid: a method, name or value that would break the format.
[[nodiscard]] Result<std::string> format_request_head(std::string_view method, const Url& url,
                                                      const ClientHeaders& headers);

// Appends a header unless one of that name is there.
void add_unless_given(ClientHeaders& headers, std::string_view name, std::string value);

}  // namespace herald::transport
