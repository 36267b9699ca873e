#pragma once
// HTTP/1.1 request bytes to HttpRequest (RFC 9112): no socket, no time. Stricter than the RFC demands wherever two
// readers could see different requests in the same bytes. Beast's parser stays in the source file.

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "transport/http.h"

namespace herald::transport {

// Reads one request at a time; reset() readies it for the next. Not thread-safe.
class HttpParser {
 public:
  enum class State : std::uint8_t {
    kNeedMore,  // all bytes were taken, the request is not complete
    kComplete,  // request() is whole; bytes past `consumed` belong to the next one
    kFailed,    // failure() says why; the bytes that follow can't be understood any more
  };
  struct Progress {
    State state = State::kNeedMore;
    std::size_t consumed = 0;
  };
  // What to answer, and why.
  struct Failure {
    int status = 400;
    std::string_view reason;  // a constant phrase, for the peer
  };

  // Past `header_max_bytes` (request line, fields and the empty line) a request fails with 431, or 414 if the request
  // line alone is longer, past `body_max_bytes` of its path (chunks put together) with 413, as soon as that is known.
  // docs/protocols.md, "What HTTP refuses", lists all failures.
  using BodyMaxBytes = std::function<std::uint64_t(std::string_view path)>;
  HttpParser(std::uint64_t header_max_bytes, BodyMaxBytes body_max_bytes);
  // One limit for all paths.
  HttpParser(std::uint64_t header_max_bytes, std::uint64_t body_max_bytes);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  // Takes the next bytes. Not after kComplete or kFailed.
  [[nodiscard]] Progress feed(std::string_view bytes);
  // The whole request, without peer and secure, which are the caller's to set. It may point into the bytes of the last
  // feed() and into this parser: valid until either is gone, or reset().
  [[nodiscard]] HttpRequest& request();
  [[nodiscard]] Failure failure() const;
  // The peer may wait for "100 Continue": the header is read, no byte of the body is there, and it asked for it.
  [[nodiscard]] bool awaits_continue() const;
  // True if the connection may serve another request after this one (RFC 9112 §9.3).
  [[nodiscard]] bool keep_alive() const;
  // Forgets everything and gives large buffers back.
  void reset();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace herald::transport
