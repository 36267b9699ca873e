#include "app/token_keys.h"

#include <array>
#include <filesystem>

#include "app/files.h"
#include "base/encoding.h"

namespace herald::app {

namespace {

// 64 hex digits are also base64 of 48 bytes: hex goes first.
Result<std::vector<std::uint8_t>> parse_key(std::string_view text) {
  auto key = from_hex(text);
  if (!key) key = from_base64(text);
  if (!key) key = from_base64url(text);
  if (!key) return fail(ErrorKind::kInvalid, "is neither base64 nor hex");
  if (key->size() < kTokenKeyBytes) return fail(ErrorKind::kInvalid, "has fewer than 32 bytes");
  return key;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

Result<TokenKeys> parse_token_keys(std::string_view text) {
  TokenKeys keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto key = parse_key(line);
    if (!key) return fail(ErrorKind::kInvalid, "line " + std::to_string(number) + " " + key.error().message);
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return fail(ErrorKind::kInvalid, "there is no key in it");
  return keys;
}

std::string make_token_key(RandomSource& random) {
  std::array<std::uint8_t, kTokenKeyBytes> key{};
  random.fill(key);
  return to_base64(key) + "\n";
}

Result<TokenKeys> read_token_keys(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  auto keys = parse_token_keys(*text);
  if (!keys) return fail(ErrorKind::kInvalid, file + ": " + keys.error().message);
  return keys;
}

Result<TokenKeys> read_or_make_token_keys(const std::string& file, RandomSource& random) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    const Status made = write_new_file(file, make_token_key(random), 0600);
    // Another process of this machine may have been faster.
    if (!made && made.error().kind != ErrorKind::kConflict) return std::unexpected(made.error());
  }
  return read_token_keys(file);
}

}  // namespace herald::app
