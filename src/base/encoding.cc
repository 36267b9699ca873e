#include "base/encoding.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace herald {

namespace {

constexpr std::uint8_t kNotInAlphabet = 0xFF;
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64UrlDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using ValueTable = std::array<std::uint8_t, 256>;

constexpr ValueTable values_of(std::string_view digits) {
  ValueTable table{};
  table.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr ValueTable hex_values() {
  ValueTable table = values_of(kHexDigits);
  for (std::uint8_t i = 0; i < 6; ++i) table[static_cast<std::size_t>('A' + i)] = static_cast<std::uint8_t>(10 + i);
  return table;
}

constexpr ValueTable kHexValues = hex_values();
constexpr ValueTable kBase64Values = values_of(kBase64Digits);
constexpr ValueTable kBase64UrlValues = values_of(kBase64UrlDigits);

// Digits for three bytes or fewer, held in the upper bits of a 24-bit group.
void append_group(std::string& out, std::uint32_t group, std::size_t digit_count, std::string_view digits) {
  for (std::size_t i = 0; i < digit_count; ++i) out.push_back(digits[(group >> (18 - 6 * i)) & 0x3F]);
}

std::string encode64(ByteView bytes, std::string_view digits, bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    append_group(out, std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2], 4, digits);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return out;
  const std::uint32_t second = rest == 2 ? bytes[i + 1] : 0;
  append_group(out, std::uint32_t{bytes[i]} << 16 | second << 8, rest + 1, digits);
  if (padded) out.append(3 - rest, '=');
  return out;
}

// The digits before the padding. kInvalid if the padding does not fill the last group exactly.
Result<std::string_view> without_padding(std::string_view text) {
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (padding > 0 && text.size() % 4 != 0) return fail(ErrorKind::kInvalid, "wrong padding of base64");
  text.remove_suffix(padding);
  if (text.size() % 4 == 1) return fail(ErrorKind::kInvalid, "impossible length of base64");
  return text;
}

Result<std::vector<std::uint8_t>> decode64(std::string_view padded, const ValueTable& values) {
  const auto text = without_padding(padded);
  if (!text) return std::unexpected(text.error());
  std::vector<std::uint8_t> out;
  out.reserve(text->size() * 3 / 4);
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const char c : *text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kNotInAlphabet) return fail(ErrorKind::kInvalid, "a character is not of the base64 alphabet");
    pending = pending << 6 | value;
    pending_bits += 6;
    if (pending_bits < 8) continue;
    pending_bits -= 8;
    out.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
    pending &= (1U << pending_bits) - 1;
  }
  // One value must have one spelling, or an opaque token could be altered without breaking it.
  if (pending != 0) return fail(ErrorKind::kInvalid, "unused bits of base64 are not zero");
  return out;
}

// The length of the well-formed multi-byte sequence at `at`, 0 if there is none (RFC 3629 §4).
std::size_t utf8_sequence_length(const unsigned char* at, std::size_t left) {
  const auto is_tail = [&](std::size_t i) { return (at[i] & 0xC0) == 0x80; };
  const unsigned char lead = at[0];
  if (lead < 0xC2 || lead > 0xF4 || left < 2) return 0;
  if (lead < 0xE0) return is_tail(1) ? 2 : 0;
  // The first tail byte is narrower after four leads: no overlong forms, no surrogates, nothing above U+10FFFF.
  const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < least || at[1] > most) return 0;
  if (left < 3 || !is_tail(2)) return 0;
  if (lead < 0xF0) return 3;
  return left >= 4 && is_tail(3) ? 4 : 0;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string out;
  append_hex(out, bytes);
  return out;
}

void append_hex(std::string& out, ByteView bytes) {
  const std::size_t before = out.size();
  out.resize(before + bytes.size() * 2);
  char* to = out.data() + before;
  for (const std::uint8_t byte : bytes) {
    *to++ = kHexDigits[byte >> 4];
    *to++ = kHexDigits[byte & 0xF];
  }
}

Result<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(ErrorKind::kInvalid, "odd length of hex");
  std::vector<std::uint8_t> out(text.size() / 2);
  if (!from_hex(text, out)) return fail(ErrorKind::kInvalid, "a character is not hex");
  return out;
}

bool from_hex(std::string_view text, std::span<std::uint8_t> out) {
  if (text.size() != 2 * out.size()) return false;
  unsigned seen = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint8_t high = kHexValues[static_cast<unsigned char>(text[2 * i])];
    const std::uint8_t low = kHexValues[static_cast<unsigned char>(text[2 * i + 1])];
    seen |= high | low;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return seen <= 0xF;
}

std::string to_base64(ByteView bytes) {
  return encode64(bytes, kBase64Digits, true);
}

Result<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  return decode64(text, kBase64Values);
}

std::string to_base64url(ByteView bytes) {
  return encode64(bytes, kBase64UrlDigits, false);
}

Result<std::vector<std::uint8_t>> from_base64url(std::string_view text) {
  return decode64(text, kBase64UrlValues);
}

bool is_valid_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    std::uint64_t word = 0;
    if (left >= sizeof(word)) {
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080808080808080ULL) == 0) {
        at += sizeof(word);
        left -= sizeof(word);
        continue;
      }
    }
    const std::size_t length = *at < 0x80 ? 1 : utf8_sequence_length(at, left);
    if (length == 0) return false;
    at += length;
    left -= length;
  }
  return true;
}

}  // namespace herald
