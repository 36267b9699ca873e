#include "protocol/app_server/unifiedpush/matrix.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/json_string.h"
#include "protocol/json.h"
#include "protocol/json_members.h"

namespace herald::protocol::unifiedpush {

namespace {

using webpush::Refusal;

std::unexpected<Refusal> refuse(std::string message) {
  return std::unexpected(Refusal{400, std::nullopt, std::move(message), "matrix", std::nullopt});
}

using Members = std::vector<std::pair<std::string_view, std::string_view>>;

// The string that `quoted` is; nullopt: it is none of strict JSON.
std::optional<std::string> string_of(std::string_view quoted) {
  const auto document = JsonDocument::parse(quoted, 1);
  const auto text = document ? document->root().string() : std::nullopt;
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

// The first member of that name, as it was written; empty: there is none.
std::string_view member_of(const Members& members, std::string_view quoted) {
  const auto found = std::ranges::find(members, quoted, &Members::value_type::first);
  return found == members.end() ? std::string_view() : found->second;
}

// Of a device nothing counts but its pushkey: its tweaks and data come from a user's rules and client.
std::expected<std::vector<std::string>, Refusal> read_pushkeys(std::string_view devices) {
  const auto elements = split_json_array(devices);
  if (!elements) return refuse("notification.devices is missing");
  if (elements->empty()) return refuse("notification.devices is empty");
  if (elements->size() > kDevicesMost) return refuse("notification.devices has too many devices");
  std::vector<std::string> pushkeys;
  for (const std::string_view device : *elements) {
    const auto members = split_json_object(device);
    auto pushkey = members ? string_of(member_of(*members, R"("pushkey")")) : std::nullopt;
    if (!pushkey || pushkey->empty()) return refuse("a device has no pushkey");
    pushkeys.push_back(*std::move(pushkey));
  }
  return pushkeys;
}

// One member of the notification that a device may get.
struct Part {
  std::string name;
  std::string text;  // "name":value
};

// Of a notification, besides its devices; Matrix knows fourteen. Others are left out.
constexpr std::size_t kMembersMost = 64;

constexpr std::string_view kDevices = R"("devices")";
constexpr std::string_view kBodyStart = R"({"notification":{)";
constexpr std::string_view kBodyEnd = "}}";

constexpr std::array<std::string_view, 4> kKept = {"event_id", "room_id", "counts", "prio"};

// The order in which members are left out, the greatest first: ids and counts let a device fetch the rest.
std::pair<int, std::size_t> dispensable(const Part& part) {
  if (std::ranges::find(kKept, part.name) != kKept.end()) return {0, part.text.size()};
  return {part.name == "content" ? 2 : 1, part.text.size()};
}

// Leaves out members until the rest fits; empties their texts.
void cut_to(std::vector<Part>& parts, std::size_t bytes_max) {
  std::size_t bytes = kBodyStart.size() + kBodyEnd.size();
  std::vector<Part*> order;
  for (Part& part : parts) {
    bytes += part.text.size() + 1;  // with its comma, which the first one has not
    order.push_back(&part);
  }
  std::ranges::sort(order, std::greater(), [](const Part* part) { return dispensable(*part); });
  for (Part* part : order) {
    if (bytes <= bytes_max + 1) return;
    bytes -= part->text.size() + 1;
    part->text.clear();
  }
}

std::string body_of(const std::vector<Part>& parts) {
  std::string out(kBodyStart);
  for (const Part& part : parts) {
    if (part.text.empty()) continue;
    if (out.size() > kBodyStart.size()) out.push_back(',');
    out.append(part.text);
  }
  return out.append(kBodyEnd);
}

bool is_kept(std::string_view quoted) {
  return quoted.size() > 2 && std::ranges::find(kKept, quoted.substr(1, quoted.size() - 2)) != kKept.end();
}

std::optional<Members> notification_of(std::string_view body) {
  const auto members = split_json_object(body);
  return members ? split_json_object(member_of(*members, R"("notification")")) : std::nullopt;
}

}  // namespace

std::expected<MatrixNotification, Refusal> parse_matrix(std::string_view body, const Limits& limits) {
  const auto notification = notification_of(body);
  if (!notification) return refuse("the body is no JSON object with a notification");
  MatrixNotification out;
  std::vector<Part> parts;
  std::unordered_set<std::string> seen;
  for (const auto& [quoted, value] : *notification) {
    if (quoted == kDevices || value.size() > limits.webpush_message_max_bytes) continue;
    if (parts.size() >= kMembersMost && !is_kept(quoted)) continue;
    // Two levels of nesting are around it.
    auto document = JsonDocument::parse(value, limits.json_depth_max - 2);
    auto name = string_of(quoted);
    if (!document || !name || *name == "devices" || !seen.insert(*name).second) continue;
    if (*name == "prio" && document->root().string() != "high") out.urgency = Urgency::kLow;
    std::string text;
    append_json_string(text, *name);
    text.append(":").append(value);
    parts.push_back({std::move(*name), std::move(text)});
  }
  auto pushkeys = read_pushkeys(member_of(*notification, kDevices));
  if (!pushkeys) return std::unexpected(std::move(pushkeys.error()));
  out.pushkeys = std::move(*pushkeys);
  cut_to(parts, limits.webpush_message_max_bytes);
  out.body = body_of(parts);
  return out;
}

std::string rejected_body(const std::vector<std::string>& rejected) {
  std::string out = R"({"rejected":[)";
  for (const auto& pushkey : rejected) {
    if (&pushkey != &rejected.front()) out.push_back(',');
    append_json_string(out, pushkey);
  }
  return out + "]}";
}

std::string_view gateway_discovery() {
  return R"({"unifiedpush":{"gateway":"matrix"}})";
}

std::string_view endpoint_discovery() {
  return R"({"unifiedpush":{"version":1}})";
}

}  // namespace herald::protocol::unifiedpush
