#pragma once
// Where the next page of a receipt begins, as text that a sender may hold: it names the last device of the page before
// without telling who that is, and can be made by nobody else.
//
// Deterministic authenticated encryption in the manner of SIV (RFC 5297), from HMAC-SHA256 with a secret key:
// tag = HMAC(key, "tag" ‖ app ‖ user agent) cut to 16 bytes, text = user agent XOR HMAC(key, "pad" ‖ app ‖ tag) cut to
// 16 bytes, cursor = base64url(tag ‖ text). A cursor of one app does not open for another.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/ids.h"

namespace herald::roles::app_server {

// Thread-safe: immutable.
class ReceiptCursor {
 public:
  // At least 32 secret bytes, the same in every process that answers for one installation.
  explicit ReceiptCursor(std::vector<std::uint8_t> key);

  [[nodiscard]] std::string seal(const AppId& app, const UserAgentId& after) const;
  // kInvalid: not a cursor made by seal() for `app`.
  [[nodiscard]] Result<UserAgentId> open(const AppId& app, std::string_view cursor) const;

 private:
  std::vector<std::uint8_t> key_;
};

}  // namespace herald::roles::app_server
