#pragma once
// HTTP/1.1 responses (RFC 9112 §4–§8) from bytes to values, without a socket. Private to transport.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/client.h"

namespace herald::transport {

// Reads one response: interim ones (1xx) are skipped, except 101, which has no body. Not thread-safe.
class ClientResponseParser {
 public:
  // `to_head`: the request was HEAD, so that no body follows.
  ClientResponseParser(bool to_head, std::uint64_t body_max_bytes);
  ~ClientResponseParser();

  // True: the response is complete. kInvalid: not HTTP; kTooLarge: the body is past its limit.
  [[nodiscard]] Result<bool> consume(std::string_view bytes);
  // The peer has closed. kUnavailable: in the middle of the response.
  [[nodiscard]] Status end();

  // Once complete.
  [[nodiscard]] ClientResponse take_response();
  // What came after the response.
  [[nodiscard]] std::string take_rest();

 private:
  struct Parser;

  std::unique_ptr<Parser> parser_;
  std::string pending_;
  std::uint64_t body_max_bytes_;
  bool to_head_;
};

}  // namespace herald::transport
