#include "transport/http_chunks.h"

#include <algorithm>

#include "transport/http_field.h"

namespace herald::transport {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_text(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\177');
}

}  // namespace

HttpChunks::Progress HttpChunks::feed(std::string_view bytes, std::string& body) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (next_ == Next::kData) {
      const auto part = bytes.substr(at, size_);
      body.append(part);
      at += part.size();
      size_ -= part.size();
      if (size_ == 0) next_ = Next::kDataCr;
      continue;
    }
    const State state = take(bytes[at++]);
    if (state != State::kNeedMore) return {state, at};
  }
  return {State::kNeedMore, at};
}

HttpChunks::State HttpChunks::take(char c) {
  switch (next_) {
    case Next::kFirstDigit:
    case Next::kDigit:
      return take_digit(c);
    case Next::kExtension:
      return take_text(c, Next::kSizeLf);
    case Next::kSizeLf:
      return take_size_end(c);
    case Next::kData:
    case Next::kDataCr:
      return expect(c, '\r', Next::kDataLf);
    case Next::kDataLf:
      return expect(c, '\n', Next::kFirstDigit);
    case Next::kTrailerLine:
      return c == '\r' ? expect(c, '\r', Next::kLastLf) : take_name(c);
    case Next::kTrailerName:
      return take_name(c);
    case Next::kTrailerText:
      return take_text(c, Next::kTrailerLf);
    case Next::kTrailerLf:
      return expect(c, '\n', Next::kTrailerLine);
    case Next::kLastLf:
      return c == '\n' ? State::kComplete : State::kMalformed;
  }
  return State::kMalformed;
}

HttpChunks::State HttpChunks::take_digit(char c) {
  const int digit = hex_digit(c);
  if (digit < 0) {
    if (next_ == Next::kFirstDigit) return State::kMalformed;
    if (c == '\r') return expect(c, '\r', Next::kSizeLf);
    return expect(c, ';', Next::kExtension);
  }
  if (size_ > UINT64_MAX >> 4) return State::kMalformed;
  size_ = size_ << 4 | static_cast<std::uint64_t>(digit);
  next_ = Next::kDigit;
  return size_ > body_left_ ? State::kBodyTooBig : State::kNeedMore;
}

HttpChunks::State HttpChunks::take_size_end(char c) {
  body_left_ -= size_;
  return expect(c, '\n', size_ == 0 ? Next::kTrailerLine : Next::kData);
}

// The name of a trailer field, up to its colon (RFC 9112 §5).
HttpChunks::State HttpChunks::take_name(char c) {
  const bool ends = c == ':' && next_ == Next::kTrailerName;
  if (!ends && !is_token({&c, 1})) return State::kMalformed;
  next_ = ends ? Next::kTrailerText : Next::kTrailerName;
  return count_framing();
}

HttpChunks::State HttpChunks::take_text(char c, Next at_line_end) {
  if (c == '\r') return expect(c, '\r', at_line_end);
  if (!is_text(c)) return State::kMalformed;
  return count_framing();
}

HttpChunks::State HttpChunks::count_framing() {
  if (framing_left_ == 0) return State::kFramingTooBig;
  --framing_left_;
  return State::kNeedMore;
}

HttpChunks::State HttpChunks::expect(char c, char wanted, Next next) {
  if (c != wanted) return State::kMalformed;
  next_ = next;
  return State::kNeedMore;
}

}  // namespace herald::transport
