#pragma once
// Hex, base64 and base64url. Decoders are strict: a character outside the alphabet, an impossible length, padding
// that does not fill the group, or unused bits that are not zero (RFC 4648 §3.5) give kInvalid.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace herald {

using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case.
[[nodiscard]] std::string to_hex(ByteView bytes);
void append_hex(std::string& out, ByteView bytes);
// Accepts both cases.
[[nodiscard]] Result<std::vector<std::uint8_t>> from_hex(std::string_view text);
// False unless `text` is as many hex digits as fill `out`, which then holds anything.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out);

// RFC 4648 §4, with padding. Decoding accepts missing padding.
[[nodiscard]] std::string to_base64(ByteView bytes);
[[nodiscard]] Result<std::vector<std::uint8_t>> from_base64(std::string_view text);

// RFC 4648 §5, without padding. Decoding accepts padding.
[[nodiscard]] std::string to_base64url(ByteView bytes);
[[nodiscard]] Result<std::vector<std::uint8_t>> from_base64url(std::string_view text);

// True if `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
[[nodiscard]] bool is_valid_utf8(std::string_view text);

}  // namespace herald
