#include "protocol/app_server/webpush/receipt.h"

#include "base/json_string.h"
#include "protocol/app_server/notify/receipt.h"
#include "protocol/json.h"

namespace herald::protocol::webpush {

namespace {

void append_time(std::string& out, std::string_view name, WallTime time) {
  out.append(",\"").append(name).append("\":\"").append(notify::rfc3339(time)).append("\"");
}

void append_row(std::string& out, const ReceiptRow& row) {
  out += R"({"location":)";
  append_json_string(out, row.location);
  out.append(R"(,"state":")").append(to_string(row.state)).append(R"(","status":)");
  const int status = receipt_status(row.state);
  out += status == 0 ? "null" : std::to_string(status);
  append_time(out, "acceptedAt", row.accepted_at);
  append_time(out, "expiresAt", row.expires_at);
  if (row.ended_at != WallTime{}) append_time(out, "endedAt", row.ended_at);
  out.push_back('}');
}

}  // namespace

int receipt_status(DeliveryState state) {
  if (!is_final(state)) return 0;
  return state == DeliveryState::kAcked ? 204 : 410;
}

void append_receipt_event(std::string& out, const ReceiptRow& row, std::string_view id) {
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  const bool delivered = row.state == DeliveryState::kAcked;
  out.append("event: ").append(delivered ? "delivered" : to_string(row.state)).append("\ndata: ");
  append_row(out, row);
  out.append("\n\n");
}

std::string receipt_list_body(const std::vector<ReceiptRow>& rows, std::string_view next) {
  std::string out = R"({"messages":[)";
  for (const auto& row : rows) {
    if (&row != &rows.front()) out.push_back(',');
    append_row(out, row);
  }
  out.push_back(']');
  if (!next.empty()) {
    out += R"(,"next":)";
    append_json_string(out, next);
  }
  out.push_back('}');
  return out;
}

}  // namespace herald::protocol::webpush
