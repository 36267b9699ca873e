#pragma once
// A response that is sent in parts, as they come to be: HTTP/1.1 peers get the chunked transfer coding (RFC 9112 §7.1),
// HTTP/1.0 peers bytes until the connection's end. It is the last response on its connection ("Connection: close"):
// what the peer sends meanwhile is thrown away, and a peer that has finished sending counts as gone.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace herald::transport {

// Each is called on the loop's thread, and may be empty. None is called inside a call of HttpStream's.
struct HttpStreamEvents {
  // blocked() was true, and is no more.
  std::function<void()> drained;
  // The stream ended otherwise than by finish() or the handle's destruction: the peer has gone, fell further behind
  // than send_buffer_max_bytes or write_timeout_ms allow, or the server drains (then the response was completed) or was
  // aborted. Called once; the last call.
  std::function<void()> ended;
};

// The sender's end. Move-only, on the loop's thread; may outlive the connection. Nothing is kept for a stream without
// unsent bytes but its place on the connection. Destroying a handle that was not finished cuts the connection, so that
// what broke off doesn't look complete.
class HttpStream {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    [[nodiscard]] virtual bool stream_open(std::uint64_t token) const = 0;
    [[nodiscard]] virtual bool stream_blocked(std::uint64_t token) const = 0;
    virtual void send_part(std::uint64_t token, std::string_view bytes) = 0;
    virtual void end_stream(std::uint64_t token, bool complete) = 0;
  };
  HttpStream() = default;
  HttpStream(std::weak_ptr<Sink> sink, std::uint64_t token) : sink_(std::move(sink)), token_(token) {}
  HttpStream(HttpStream&&) = default;
  HttpStream& operator=(HttpStream&& other) noexcept;
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;
  ~HttpStream();

  // False: it has ended, or never began (the peer had gone, had asked with HEAD, or the server drains). What is sent is
  // dropped then.
  [[nodiscard]] bool open() const;
  // The peer is behind: whoever can wait with the next part, waits for `drained`.
  [[nodiscard]] bool blocked() const;
  // Sends a part now, or when the kernel takes it. An empty one is nothing.
  void send(std::string_view bytes);
  // Completes the response.
  void finish();

 private:
  std::weak_ptr<Sink> sink_;
  std::uint64_t token_ = 0;
};

}  // namespace herald::transport
