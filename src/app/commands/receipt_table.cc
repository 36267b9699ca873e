#include "app/commands/receipt_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/json.h"

namespace herald::app {

namespace {

using protocol::JsonDocument;
using protocol::JsonValue;

constexpr std::size_t kDepthMax = 32;

std::string text_of(const JsonValue& value) {
  return printable(value.string() ? *value.string() : value.raw());
}

std::string text_of(const JsonValue& object, std::string_view key) {
  const auto value = object.get(key);
  return value ? text_of(*value) : std::string();
}

// Pads before painting, because colours have no width.
std::string painted_state(const std::string& state, const Terminal& terminal) {
  const std::string padded = fmt::format("{:<10}", state);
  if (state == "acked") return terminal.good(padded);
  return state == "pending" || state == "sent" ? padded : terminal.bad(padded);
}

std::string head_lines(const JsonValue& receipt, const Terminal& terminal) {
  std::string out;
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) out += terminal.dim(fmt::format("{:<10}", label)) + "  " + value + "\n";
  };
  line("message", text_of(receipt, "messageId"));
  line("id", text_of(receipt, "id"));
  line("state", painted_state(text_of(receipt, "state"), terminal));
  line("priority", text_of(receipt, "priority"));
  line("accepted", text_of(receipt, "acceptedAt"));
  line("expires", text_of(receipt, "expiresAt"));
  line("ended", text_of(receipt, "endedAt"));
  line("devices", text_of(receipt, "acked") + " of " + text_of(receipt, "recipients") + " acked" +
                      (text_of(receipt, "routed") == "true" ? "" : ", not routed yet"));
  return out;
}

std::string delivery_line(const JsonValue& delivery, const Terminal& terminal) {
  return fmt::format("{:<16}  {}  {:<24}  {:<24}  {}\n", text_of(delivery, "device"),
                     painted_state(text_of(delivery, "state"), terminal), text_of(delivery, "routedAt"),
                     text_of(delivery, "sentAt"), text_of(delivery, "endedAt"));
}

void append_members(std::string& out, const JsonValue& object, std::size_t indent, const Terminal& terminal) {
  const auto members = object.members();
  std::size_t width = 0;
  for (const auto& [key, value] : members) width = std::max(width, key.size());
  for (const auto& [key, value] : members) {
    out.append(indent, ' ');
    out += terminal.dim(fmt::format("{:<{}}", printable(key), width));
    if (value.is_object()) {
      out += '\n';
      append_members(out, value, indent + 2, terminal);
    } else {
      out += "  " + text_of(value) + "\n";
    }
  }
}

}  // namespace

Result<ReceiptPage> receipt_page(std::string_view json, const Terminal& terminal) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  if (!document || !document->root().get("messageId")) return fail(ErrorKind::kInvalid, "the answer is no receipt");
  const JsonValue receipt = document->root();
  ReceiptPage page{head_lines(receipt, terminal), {}, text_of(receipt, "next")};
  if (const auto deliveries = receipt.get("deliveries")) {
    for (const auto& delivery : deliveries->elements()) page.deliveries += delivery_line(delivery, terminal);
  }
  return page;
}

Result<ReceiptPage> receipt_list_page(std::string_view json, const Terminal& terminal) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  const auto messages = document ? document->root().get("messages") : std::nullopt;
  if (!messages || messages->type() != protocol::JsonType::kArray) {
    return fail(ErrorKind::kInvalid, "the answer is no list of receipts");
  }
  ReceiptPage page;
  for (const auto& message : messages->elements()) {
    page.deliveries +=
        fmt::format("{}  {:<24}  {:<24}  {}\n", painted_state(text_of(message, "state"), terminal),
                    text_of(message, "acceptedAt"), text_of(message, "endedAt"), text_of(message, "location"));
  }
  const std::string next = text_of(document->root(), "next");
  if (const auto query = next.find('?'); query != std::string::npos) page.next = next.substr(query);
  return page;
}

std::string object_lines(std::string_view json, const Terminal& terminal) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  std::string out;
  if (document && document->root().is_object()) {
    append_members(out, document->root(), 0, terminal);
    return out;
  }
  return printable(json) + "\n";
}

}  // namespace herald::app
