#include "protocol/pull/pull.h"

#include <cctype>

#include "protocol/json.h"

namespace herald::protocol::pull {
namespace {

std::unexpected<Rejection> not_json() {
  return std::unexpected(Rejection{400, R"({"error":"Data received is not a valid JSON package"})", "not_json"});
}

// RFC 9110 §11.1: the scheme's case does not matter. RFC 6750 §2.1. nullopt: another scheme.
std::optional<std::string_view> bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  if (authorization.size() <= kScheme.size() || authorization[kScheme.size()] != ' ') return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(authorization[i])) != kScheme[i]) return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  const auto begin = authorization.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::string_view();
  return authorization.substr(begin, authorization.find_last_not_of(' ') - begin + 1);
}

std::optional<Rejection> read_acks(const JsonValue& body, const Limits& limits, std::vector<MessageId>& acks) {
  const auto ack = body.get("ack");
  if (!ack) return std::nullopt;
  if (ack->type() != JsonType::kArray) return not_json().error();
  const auto ids = ack->elements();
  if (ids.size() > limits.acks_per_pull) return Rejection{413, R"({"error":"Too many acks"})", "too_many_acks"};
  for (const JsonValue& id : ids) {
    const auto text = id.string();
    if (!text) return not_json().error();
    if (const auto message = MessageId::from_hex(*text)) acks.push_back(*message);
  }
  return std::nullopt;
}

std::string token_in(const JsonValue& body) {
  const auto data = body.get("data");
  const auto token = data ? data->get("uatoken") : std::nullopt;
  return std::string(token ? token->string().value_or("") : "");
}

}  // namespace

std::expected<PullRequest, Rejection> parse_pull(std::string_view method, std::optional<std::string_view> authorization,
                                                 std::optional<std::string_view> query_token, std::string_view body,
                                                 const Limits& limits) {
  PullRequest request;
  const auto header_token = authorization ? bearer(*authorization) : std::nullopt;
  request.uatoken = header_token ? *header_token : query_token.value_or("");
  if (method != "POST" || body.empty()) return request;
  const auto document = JsonDocument::parse(body, limits.json_depth_max);
  if (!document || !document->root().is_object()) return not_json();
  if (auto rejection = read_acks(document->root(), limits, request.acks)) return std::unexpected(std::move(*rejection));
  if (!header_token && !query_token) request.uatoken = token_in(document->root());
  return request;
}

}  // namespace herald::protocol::pull
