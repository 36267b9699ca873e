#include "transport/http_stream.h"

namespace herald::transport {

HttpStream::~HttpStream() {
  if (const auto sink = sink_.lock()) sink->end_stream(token_, false);
}

HttpStream& HttpStream::operator=(HttpStream&& other) noexcept {
  if (this != &other) {
    HttpStream replaced(std::move(*this));
    sink_ = std::move(other.sink_);
    token_ = other.token_;
  }
  return *this;
}

bool HttpStream::open() const {
  const auto sink = sink_.lock();
  return sink && sink->stream_open(token_);
}

bool HttpStream::blocked() const {
  const auto sink = sink_.lock();
  return sink && sink->stream_blocked(token_);
}

void HttpStream::send(std::string_view bytes) {
  if (const auto sink = sink_.lock(); sink && !bytes.empty()) sink->send_part(token_, bytes);
}

void HttpStream::finish() {
  if (const auto sink = std::exchange(sink_, {}).lock()) sink->end_stream(token_, true);
}

}  // namespace herald::transport
