#include "app/operations_secret.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/files.h"
#include "base/encoding.h"

namespace herald::app {

namespace {

constexpr std::size_t kMadeBytes = 32;

bool is_visible(char c) {
  return c > ' ' && c < '\x7f';
}

}  // namespace

Result<std::string> read_operations_secret(const std::string& file) {
  auto text = read_file(file);
  if (!text) return text;
  text->resize(std::min(text->find_first_of("\r\n"), text->size()));
  if (text->size() < kOperationsSecretMinBytes || !std::ranges::all_of(*text, is_visible)) {
    return fail(ErrorKind::kInvalid, file + ": its first line must be a secret of at least " +
                                         std::to_string(kOperationsSecretMinBytes) +
                                         " visible ASCII characters; openssl rand -base64 32 makes one");
  }
  return text;
}

Result<std::string> read_or_make_operations_secret(const std::string& file, RandomSource& random) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    std::array<std::uint8_t, kMadeBytes> bytes{};
    random.fill(bytes);
    const Status made = write_new_file(file, to_base64url(bytes) + "\n", 0600);
    // Another process of this machine may have been faster.
    if (!made && made.error().kind != ErrorKind::kConflict) return std::unexpected(made.error());
  }
  return read_operations_secret(file);
}

}  // namespace herald::app
