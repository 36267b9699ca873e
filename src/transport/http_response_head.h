#pragma once
// The status line and fields of a response (RFC 9112 §4, RFC 9110 §6.6.1).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "transport/http.h"

namespace herald::transport {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7).
[[nodiscard]] std::string http_date(WallTime at);

struct ResponseFrame {
  std::string_view date;
  int request_version = 11;
  bool close = false;     // the connection ends after this response
  bool in_parts = false;  // a body whose length is not known: chunked, or to a peer before HTTP/1.1 until the end
};

// Appends all up to the empty line: what `response` says, Content-Length or Transfer-Encoding (unless the status allows
// no body), Date and Connection. Control characters in a field are left out, so that no value can begin another field.
void append_response_head(std::string& out, const HttpResponse& response, const ResponseFrame& frame);

// 1xx, 204 and 304 have no body (RFC 9112 §6.3).
[[nodiscard]] bool status_allows_body(int status);

}  // namespace herald::transport
