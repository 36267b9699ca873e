#include "load/webpush.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "protocol/app_server/webpush/vapid.h"

namespace herald::load {

namespace {

constexpr std::int64_t kTokenValidS = 12 * 3'600;  // longer than a run may take
constexpr std::uint64_t kTtlDefaultS = 86'400;
constexpr std::size_t kStampBase64Bytes = kStampBytes / 3 * 4;
static_assert(kStampBytes % 3 == 0, "the stamp ends with a base64 digit");

std::string_view origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  return scheme == std::string_view::npos ? std::string_view() : url.substr(0, url.find('/', scheme + 3));
}

// As the server maps it the other way.
std::string_view urgency_of(unsigned priority) {
  return priority == 1 ? "high" : priority == 2 ? "normal" : "low";
}

}  // namespace

WebPushSender::WebPushSender(const Clock& clock)
    : clock_(clock), key_(P256PrivateKey::generate()), public_key_(to_base64url(key_->point())) {}

void WebPushSender::meet(std::string_view endpoint) {
  std::call_once(met_, [this, endpoint] {
    authorization_ = protocol::webpush::make_vapid(*key_, origin_of(endpoint), "mailto:bench@herald.invalid",
                                                   clock_.wall().ms / 1000 + kTokenValidS);
    ready_.store(true, std::memory_order_release);
  });
}

std::string_view WebPushSender::authorization() const {
  return ready_.load(std::memory_order_acquire) ? std::string_view(authorization_) : std::string_view();
}

std::string webpush_channel(std::uint32_t run, std::uint64_t device) {
  return fmt::format("{:08x}-0000-4000-8000-{:012x}", run, device);
}

std::string webpush_hello(std::string_view uaid) {
  if (uaid.empty()) return R"({"messageType":"hello","use_webpush":true,"broadcasts":{}})";
  return fmt::format(R"({{"messageType":"hello","use_webpush":true,"broadcasts":{{}},"uaid":"{}"}})", uaid);
}

std::string webpush_register(std::string_view channel, std::string_view public_key) {
  return fmt::format(R"({{"messageType":"register","channelID":"{}","key":"{}"}})", channel, public_key);
}

std::string webpush_ack(std::string_view channel, std::string_view version) {
  return fmt::format(R"({{"messageType":"ack","updates":[{{"channelID":"{}","version":"{}","code":100}}]}})", channel,
                     version);
}

std::optional<FoundDelivery> webpush_delivery(std::string_view frame, std::uint32_t run) {
  if (string_member(frame, "messageType") != "notification") return std::nullopt;
  const auto body = from_base64url(string_member(frame, "data").substr(0, kStampBase64Bytes));
  if (!body) return std::nullopt;
  auto found = DeliveryScanner(as_text(*body), run).next();
  if (found) found->message_id = string_member(frame, "version");
  return found;
}

std::string webpush_fields(std::string_view authorization, std::uint64_t ttl_s, unsigned priority,
                           std::string_view topic) {
  auto out = fmt::format("TTL: {}\r\nContent-Encoding: aes128gcm\r\nAuthorization: {}\r\n",
                         ttl_s == 0 ? kTtlDefaultS : ttl_s, authorization);
  if (priority != 0) out += fmt::format("Urgency: {}\r\n", urgency_of(priority));
  if (!topic.empty()) out += fmt::format("Topic: {}\r\n", topic);
  return out;
}

}  // namespace herald::load
