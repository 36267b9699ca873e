#include "protocol/app_server/notify/receipt.h"

#include <array>
#include <chrono>
#include <cstdio>

#include "base/crypto.h"
#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::protocol::notify {
namespace {

constexpr std::size_t kPseudonymBytes = 8;

void append_name(std::string& out, std::string_view name) {
  if (out.back() != '{') out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
}

void append_text(std::string& out, std::string_view name, std::string_view value) {
  append_name(out, name);
  append_json_string(out, value);
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
  append_name(out, name);
  out += std::to_string(value);
}

// A time of 0 has not come yet and is left out.
void append_time(std::string& out, std::string_view name, WallTime time) {
  if (time.ms != 0) append_text(out, name, rfc3339(time));
}

void append_head(std::string& out, const ReceiptHead& head) {
  append_text(out, "messageId", head.id.hex());
  if (head.sender_id.empty()) {
    append_name(out, "id");
    out += "null";
  } else {
    append_text(out, "id", head.sender_id);
  }
  append_text(out, "state", to_string(head.state));
  append_number(out, "priority", static_cast<std::uint64_t>(head.priority));
  append_time(out, "acceptedAt", head.accepted_at);
  append_time(out, "expiresAt", head.expires_at);
  append_name(out, "routed");
  out += head.routed ? "true" : "false";
  append_time(out, "endedAt", head.ended_at);
  append_number(out, "recipients", head.recipients);
  append_number(out, "acked", head.acked);
}

void append_delivery(std::string& out, const AppId& app, const Delivery& delivery) {
  out.push_back('{');
  append_text(out, "device", pseudonym(app, delivery.user_agent));
  append_text(out, "state", to_string(delivery.state));
  append_time(out, "routedAt", delivery.routed_at);
  append_time(out, "sentAt", delivery.sent_at);
  append_time(out, "endedAt", delivery.final_at);
  out.push_back('}');
}

}  // namespace

std::string receipt_body(const AppId& app, const ReceiptHead& head, const std::vector<Delivery>& deliveries,
                         std::string_view next_cursor) {
  std::string out = "{";
  append_head(out, head);
  append_name(out, "deliveries");
  out.push_back('[');
  for (const Delivery& delivery : deliveries) {
    if (&delivery != &deliveries.front()) out.push_back(',');
    append_delivery(out, app, delivery);
  }
  out.push_back(']');
  if (!next_cursor.empty()) append_text(out, "next", next_cursor);
  out.push_back('}');
  return out;
}

std::string pseudonym(const AppId& app, const UserAgentId& user_agent) {
  return to_hex(ByteView(hmac_sha256(app.bytes, user_agent.bytes)).first(kPseudonymBytes));
}

std::string rfc3339(WallTime time) {
  const std::chrono::sys_time<std::chrono::milliseconds> instant{std::chrono::milliseconds(time.ms)};
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(instant - day);
  std::array<char, 64> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace herald::protocol::notify
