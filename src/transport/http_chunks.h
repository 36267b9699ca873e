#pragma once
// The chunked transfer coding (RFC 9112 §7.1), decoded as it arrives. Extensions and trailer fields are checked and
// skipped.

#include <cstdint>
#include <string>
#include <string_view>

namespace herald::transport {

class HttpChunks {
 public:
  enum class State : std::uint8_t {
    kNeedMore,  // all bytes were taken
    kComplete,  // bytes past `consumed` belong to the next request
    kMalformed,
    kBodyTooBig,     // known as soon as a chunk's size is
    kFramingTooBig,  // extensions and trailer together
  };
  struct Progress {
    State state = State::kNeedMore;
    std::size_t consumed = 0;
  };

  HttpChunks(std::uint64_t body_max_bytes, std::uint64_t framing_max_bytes)
      : body_left_(body_max_bytes), framing_left_(framing_max_bytes) {}

  // Appends the data of the chunks in `bytes` to `body`. Not after any other answer than kNeedMore.
  [[nodiscard]] Progress feed(std::string_view bytes, std::string& body);

 private:
  // Which byte comes next.
  enum class Next : std::uint8_t {
    kFirstDigit,
    kDigit,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerLine,  // its first byte
    kTrailerName,
    kTrailerText,
    kTrailerLf,
    kLastLf,
  };

  State take(char c);
  State take_digit(char c);
  State take_size_end(char c);
  State take_name(char c);
  State take_text(char c, Next at_line_end);
  State count_framing();
  State expect(char c, char wanted, Next next);

  Next next_ = Next::kFirstDigit;
  std::uint64_t size_ = 0;  // of the chunk; while its data comes, what is left of it
  std::uint64_t body_left_;
  std::uint64_t framing_left_;
};

}  // namespace herald::transport
