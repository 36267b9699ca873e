// Any bytes as the value of Authorization: whatever is read as a claim has a key of the right size, and none of them is
// taken for a token of a key that never signed it.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/app_server/webpush/vapid.h"

namespace {

namespace webpush = herald::protocol::webpush;
constexpr herald::WallTime kNow{1'700'000'000'000};

void check_refusal(const webpush::Refusal& refusal) {
  HERALD_CHECK(refusal.status == 400 || refusal.status == 401, "a refusal has a status");
  HERALD_CHECK(!webpush::error_body(refusal).empty(), "a refusal has a body");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view authorization = text.substr(0, text.find('\n'));
  std::vector<webpush::HeaderList::Field> fields{{"Authorization", authorization}};
  if (authorization.size() < text.size()) fields.emplace_back("Crypto-Key", text.substr(authorization.size() + 1));
  const auto claim = webpush::parse_vapid(webpush::HeaderList(fields));
  if (!claim) {
    check_refusal(claim.error());
    return 0;
  }
  HERALD_CHECK(claim->has_value(), "an Authorization header makes a claim or a refusal");
  HERALD_CHECK((*claim)->key.size() == 65 && (*claim)->key[0] == 4, "a claim's key has its size");
  const auto token = webpush::check_vapid(**claim, "https://push.example.com", kNow, {});
  if (!token) {
    check_refusal(token.error());
    return 0;
  }
  const std::int64_t ahead_s = token->expires_s - kNow.ms / 1000;
  HERALD_CHECK(ahead_s >= -webpush::kVapidSkewS && ahead_s <= webpush::kVapidLongestS + webpush::kVapidSkewS,
               "a token that is taken holds now, and not for long");
  return 0;
}
