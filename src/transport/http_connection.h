#pragma once
// A connection that speaks HTTP/1.1: one request after the other, each answered before the next is read. A response in
// parts is the last. For transport's own sources.

#include <memory>
#include <string>

#include "transport/connection.h"
#include "transport/http.h"
#include "transport/http_parser.h"

namespace herald::transport {

class HttpConnection final : public ConnectionMode {
 public:
  explicit HttpConnection(Connection& connection) : connection_(connection) {}
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection() override;

  void on_bytes(std::span<std::uint8_t> bytes) override;
  [[nodiscard]] bool wants_bytes() const override;
  void on_ended() override;
  void on_drained() override;
  [[nodiscard]] Deadline deadline() const override;
  void on_deadline(Deadline kind) override;
  void on_drain() override;
  bool go_away() override { return false; }
  void on_dead() override;

 private:
  class Sink;

  // Handles requests until `bytes` is empty or one is left unanswered; what remains is left in `bytes`. False: the
  // connection became a WebSocket, and *this is gone.
  [[nodiscard]] bool process(std::span<std::uint8_t>& bytes);
  [[nodiscard]] bool take_request(std::span<std::uint8_t> rest);
  [[nodiscard]] bool upgrade(const HttpRequest& request, std::span<std::uint8_t> rest);
  void dispatch(const HttpRequest& request);
  void log_refusal(const HttpResponse& response);
  void resume();
  void respond(std::uint64_t token, HttpResponse response);
  void answer(const HttpResponse& response, bool close);
  // See HttpStream::Sink. False: nobody wants parts.
  [[nodiscard]] bool begin_stream(std::uint64_t token, const HttpResponse& head, HttpStreamEvents events);
  [[nodiscard]] bool streams(std::uint64_t token) const;
  void send_part(std::string_view bytes);
  void complete_stream();
  void end_stream(bool complete);
  void refuse(int status, std::string_view reason);

  Connection& connection_;
  std::unique_ptr<HttpParser> parser_;        // while a request is arriving
  std::shared_ptr<Sink> sink_;                // since the first request
  std::unique_ptr<HttpStreamEvents> stream_;  // while a response is sent in parts
  std::string waiting_;                       // bytes that came after the request that is being answered
  std::uint32_t token_ = 0;                   // of the present or last request
  bool busy_ = false;                         // a request is being answered
  bool in_process_ = false;
  bool continued_ = false;  // "100 Continue" was sent for the present request
  bool keep_alive_ = true;
  bool head_only_ = false;
  std::uint8_t version_ = 11;
};

}  // namespace herald::transport
