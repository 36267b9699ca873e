#pragma once
// HTTP/1.1 responses (RFC 9112 §4–§8) from bytes to values, without a socket. Private to transport.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/client.h"
#include "transport/http_chunks.h"

namespace herald::transport {

// Reads one response: interim ones (1xx) are skipped, except 101, which has no body. Not thread-safe.
class ClientResponseParser {
 public:
  // `to_head`: the request was HEAD, so that no body follows.
  ClientResponseParser(bool to_head, std::uint64_t body_max_bytes);

  // True: the response is complete. kInvalid: not HTTP, or a header out of bounds; kTooLarge: the body is past its
  // limit, as soon as that is known. Not after an error.
  [[nodiscard]] Result<bool> consume(std::string_view bytes);
  // The peer has closed. kUnavailable: in the middle of the response.
  [[nodiscard]] Status end();

  // Once complete.
  [[nodiscard]] ClientResponse take_response();
  // What came after the response.
  [[nodiscard]] std::string take_rest();

 private:
  // What the next bytes belong to.
  enum class Part : std::uint8_t { kHead, kSizedBody, kChunkedBody, kBodyUntilEnd, kComplete };

  [[nodiscard]] Status consume_head();
  [[nodiscard]] Result<Part> body_form() const;
  [[nodiscard]] Status consume_body();
  [[nodiscard]] Status consume_chunks();
  void move_to_body(std::uint64_t bytes);

  std::uint64_t body_max_bytes_;
  bool to_head_;
  Part part_ = Part::kHead;
  std::string pending_;        // not yet looked into
  std::size_t looked_at_ = 0;  // of it, for the end of the head
  ClientResponse response_;
  std::uint64_t missing_bytes_ = 0;  // of a sized body
  std::optional<HttpChunks> chunks_;
};

}  // namespace herald::transport
