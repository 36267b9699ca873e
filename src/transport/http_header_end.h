#pragma once
// Finds the empty line that ends an HTTP header, in bytes that may still be growing, and refuses what different readers
// would split differently (RFC 9112 §2.2, §5.2).

#include <cstddef>
#include <string_view>

namespace herald::transport {

class HttpHeaderEnd {
 public:
  struct Found {
    bool complete = false;
    bool malformed = false;  // a line that ends without CR, a folded line, or a first byte that begins no method
    std::size_t bytes = 0;   // complete: the header with its empty line; else how much was looked at
  };
  // `header` is everything since the header began: what was passed before, and perhaps more.
  [[nodiscard]] Found find(std::string_view header);
  void reset() { line_ = 0; }

 private:
  std::size_t line_ = 0;  // where the first unfinished line begins
};

}  // namespace herald::transport
