#pragma once
// Finds one HTTP/1.1 response in bytes that came so far (RFC 9112 §6). No state, no allocation for a body that is not
// chunked.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace herald::load {

// The most bytes of one response that are waited for.
inline constexpr std::size_t kResponseMaxBytes = 16U << 20;

struct HttpAnswer {
  enum class Form : std::uint8_t { kWhole, kUnfinished, kBroken };
  Form form = Form::kUnfinished;
  int status = 0;
  bool close = false;         // the server ends the connection after it
  std::string_view location;  // Location, trimmed; empty: none
  std::string_view body;      // in the given bytes, or in the given scratch if it was chunked
  std::size_t bytes = 0;      // of the whole response
};

// `scratch` holds a body that came in chunks.
[[nodiscard]] HttpAnswer read_http_answer(std::string_view bytes, std::string& scratch);

}  // namespace herald::load
