#include "roles/app_server/receipt_cursor.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace herald::roles::app_server {

namespace {

using Block = std::array<std::uint8_t, 16>;

Block keyed(ByteView key, std::string_view purpose, const AppId& app, std::string_view data) {
  std::string input;
  input.append(purpose).append(app.view()).append(data);
  const auto digest = hmac_sha256(key, as_bytes(input));
  Block out{};
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Block exclusive_or(ByteView a, const Block& b) {
  Block out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(a[i] ^ b[i]);
  return out;
}

}  // namespace

ReceiptCursor::ReceiptCursor(std::vector<std::uint8_t> key) : key_(std::move(key)) {
  HERALD_CHECK(key_.size() >= 32, "a receipt cursor key has at least 32 bytes");
}

std::string ReceiptCursor::seal(const AppId& app, const UserAgentId& after) const {
  const auto tag = keyed(key_, "tag", app, after.view());
  const auto text = exclusive_or(after.bytes, keyed(key_, "pad", app, as_text(tag)));
  std::array<std::uint8_t, 32> cursor{};
  std::copy(tag.begin(), tag.end(), cursor.begin());
  std::copy(text.begin(), text.end(), cursor.begin() + tag.size());
  return to_base64url(cursor);
}

Result<UserAgentId> ReceiptCursor::open(const AppId& app, std::string_view cursor) const {
  const auto raw = from_base64url(cursor);
  if (!raw || raw->size() != 32) return fail(ErrorKind::kInvalid, "not a cursor");
  const ByteView tag(raw->data(), 16);
  const ByteView text(raw->data() + 16, 16);
  UserAgentId after;
  after.bytes = exclusive_or(text, keyed(key_, "pad", app, as_text(tag)));
  if (!constant_time_equal(tag, keyed(key_, "tag", app, after.view()))) {
    return fail(ErrorKind::kInvalid, "not a cursor of this app");
  }
  return after;
}

}  // namespace herald::roles::app_server
