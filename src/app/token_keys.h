#pragma once
// The keys that sign UA tokens, in a file: one a line, base64 or hex, at least 32 bytes; the first signs, all verify.
// Empty lines and lines that begin with # are skipped.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"

namespace herald::app {

using TokenKeys = std::vector<std::vector<std::uint8_t>>;

inline constexpr std::size_t kTokenKeyBytes = 32;

// kInvalid: no key, or a line that is none; the message has the line's number, never its text.
[[nodiscard]] Result<TokenKeys> parse_token_keys(std::string_view text);

// A new key as a line of the file, with its line end.
[[nodiscard]] std::string make_token_key(RandomSource& random);

// kInvalid: as above; kUnavailable: the file can't be read.
[[nodiscard]] Result<TokenKeys> read_token_keys(const std::string& file);

// Reads the file; one that does not exist is made first, with one new key and mode 0600, durably.
[[nodiscard]] Result<TokenKeys> read_or_make_token_keys(const std::string& file, RandomSource& random);

}  // namespace herald::app
