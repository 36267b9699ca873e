#pragma once
// The names of things, as fixed-size values. Text forms are lower-case hex.

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/result.h"

namespace herald {

// `Tag` only keeps different names apart.
template <class Tag, std::size_t Size>
struct FixedId {
  std::array<std::uint8_t, Size> bytes{};

  // By words: ids are compared several times for each notification.
  bool operator==(const FixedId& other) const {
    std::uint64_t difference = 0;
    for (std::size_t at = 0; at < Size; at += kWordBytes) difference |= word(at) ^ other.word(at);
    return difference == 0;
  }
  // As their bytes are ordered.
  std::strong_ordering operator<=>(const FixedId& other) const {
    for (std::size_t at = 0; at < Size; at += kWordBytes) {
      const std::uint64_t mine = big_endian(word(at));
      const std::uint64_t its = big_endian(other.word(at));
      if (mine != its) return mine <=> its;
    }
    return std::strong_ordering::equal;
  }
  [[nodiscard]] std::string hex() const { return to_hex(bytes); }
  [[nodiscard]] std::string_view view() const { return as_text(bytes); }

  // kInvalid unless `text` is exactly 2 * Size hex digits.
  [[nodiscard]] static Result<FixedId> from_hex(std::string_view text) {
    if (text.size() != 2 * Size) return fail(ErrorKind::kInvalid, "wrong length of an id");
    FixedId id;
    if (!herald::from_hex(text, id.bytes)) return fail(ErrorKind::kInvalid, "a character is not hex");
    return id;
  }
  // kInvalid unless `raw` has exactly Size bytes.
  [[nodiscard]] static Result<FixedId> from_bytes(ByteView raw) {
    if (raw.size() != Size) return fail(ErrorKind::kInvalid, "wrong length of an id");
    FixedId id;
    std::memcpy(id.bytes.data(), raw.data(), Size);
    return id;
  }

 private:
  static constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
  static_assert(Size % kWordBytes == 0);

  [[nodiscard]] std::uint64_t word(std::size_t at) const {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, kWordBytes);
    return word;
  }
  [[nodiscard]] static std::uint64_t big_endian(std::uint64_t word) {
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
  }
};

// A user agent: 128 random bits inside every UA token.
using UserAgentId = FixedId<struct UserAgentTag, 16>;
// An app as senders address it: the notify token, SHA-256 of the WA token (and public key).
using AppId = FixedId<struct AppTag, 32>;
// A message: big-endian microseconds since the epoch (8 bytes), then 8 random bytes. Byte order is acceptance order.
using MessageId = FixedId<struct MessageTag, 16>;
// A receipt subscription (RFC 8030 §5.1): 128 random bits. All zero: none.
using ReceiptId = FixedId<struct ReceiptTag, 16>;

// The name of a server that holds devices, and of its queue: "WS1", "UDP2".
using ServerId = std::string;

struct IdHash {
  // Ids are uniformly distributed in their last bytes.
  template <class Tag, std::size_t Size>
  std::size_t operator()(const FixedId<Tag, Size>& id) const {
    std::size_t hash = 0;
    std::memcpy(&hash, id.bytes.data() + Size - sizeof(hash), sizeof(hash));
    return hash;
  }
};

}  // namespace herald
