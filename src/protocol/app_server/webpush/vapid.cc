#include "protocol/app_server/webpush/vapid.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json_string.h"
#include "base/origin.h"
#include "protocol/json.h"

namespace herald::protocol::webpush {

namespace {

using Claimed = std::expected<std::optional<VapidClaim>, Refusal>;

std::unexpected<Refusal> unauthorized(std::string message) {
  return std::unexpected(Refusal{401, Errno::kUnauthorized, std::move(message), "vapid", std::nullopt});
}

std::unexpected<Refusal> bad_crypto_key(std::string message) {
  return std::unexpected(Refusal{400, Errno::kCryptoHeaders, std::move(message), "crypto_headers", std::nullopt});
}

std::expected<std::vector<std::uint8_t>, Refusal> read_key(std::string_view text) {
  auto key = decode_any_base64(text);
  if (!key) return unauthorized("Invalid VAPID public key: not base64url");
  if (key->size() != sizeof(P256Point) || key->front() != 4) {
    return unauthorized("Invalid VAPID public key: not an uncompressed point of P-256");
  }
  return std::move(*key);
}

Claimed read_current(std::string_view parameters) {
  std::optional<std::string> token;
  std::optional<std::string> key_text;
  for (const std::string_view part : split_outside_quotes(parameters, ',')) {
    const auto parameter = parse_parameter(part);
    if (!parameter) continue;
    if (parameter->name == "t") token = parameter->value;
    if (parameter->name == "k") key_text = parameter->value;
  }
  if (!token || token->empty()) return unauthorized("Missing VAPID token");
  if (!key_text || key_text->empty()) return unauthorized("Missing VAPID public key");
  auto key = read_key(*key_text);
  if (!key) return std::unexpected(std::move(key.error()));
  return VapidClaim{std::move(*token), std::move(*key)};
}

// draft-ietf-webpush-vapid-01: the key travels in Crypto-Key.
Claimed read_legacy(std::string_view token, const HeaderList& headers) {
  if (token.empty()) return unauthorized("Missing VAPID token");
  const auto text = headers.merged("Crypto-Key");
  if (!text) return bad_crypto_key("Missing Crypto-Key header");
  const auto header = CryptoHeader::parse(*text);
  if (!header) return bad_crypto_key("Invalid Crypto-Key header");
  const auto key_text = header->find("p256ecdsa");
  if (!key_text) return bad_crypto_key("Missing p256ecdsa in Crypto-Key header");
  auto key = read_key(*key_text);
  if (!key) return std::unexpected(std::move(key.error()));
  return VapidClaim{std::string(token), std::move(*key)};
}

std::unexpected<Refusal> bad_token(std::string_view why) {
  return unauthorized("Invalid VAPID token: " + std::string(why));
}

struct JwtParts {
  std::string_view signed_text;  // header.payload
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
};

std::optional<JwtParts> split_jwt(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return JwtParts{token.substr(0, second), token.substr(0, first), token.substr(first + 1, second - first - 1),
                  token.substr(second + 1)};
}

Result<JsonDocument> read_json(std::string_view base64, const Limits& limits) {
  const auto bytes = from_base64url(base64);
  if (!bytes) return std::unexpected(bytes.error());
  return JsonDocument::parse(as_text(*bytes), limits.json_depth_max);
}

bool is_es256(const JsonValue& header) {
  const auto algorithm = header.get("alg");
  if (!algorithm || algorithm->string() != "ES256") return false;
  // RFC 7515 §4.1.11: extensions that are not understood make it invalid.
  if (header.get("crit")) return false;
  const auto type = header.get("typ");
  return !type || (type->is_string() && equals_ignoring_case(*type->string(), "JWT"));
}

bool is_signed(const VapidClaim& claim, const JwtParts& parts) {
  const auto signature = from_base64url(parts.signature);
  const auto key = P256PublicKey::from_point(claim.key);
  return signature && key && (*key)->verifies_es256(as_bytes(parts.signed_text), *signature);
}

// nullopt: not a text, nor an array of texts (RFC 7519 §4.1.3).
std::optional<std::vector<std::string>> read_audiences(const std::optional<JsonValue>& value) {
  if (!value) return std::nullopt;
  if (const auto one = value->string()) return std::vector{std::string(*one)};
  if (value->type() != JsonType::kArray) return std::nullopt;
  std::vector<std::string> all;
  for (const auto& element : value->elements()) {
    const auto text = element.string();
    if (!text) return std::nullopt;
    all.emplace_back(*text);
  }
  return all;
}

std::expected<VapidToken, Refusal> read_claims(const JsonValue& claims) {
  VapidToken token;
  auto audiences = read_audiences(claims.get("aud"));
  if (!audiences) return bad_token("aud is missing or not text");
  token.audiences = std::move(*audiences);
  const auto exp = claims.get("exp");
  const auto expires_s = exp && exp->type() == JsonType::kNumber ? exp->number() : std::nullopt;
  // The upper bound keeps the conversion defined; it is far past every date that is let through.
  if (!expires_s || !(*expires_s >= 0) || *expires_s > 1e15) return bad_token("exp is missing or not a number");
  token.expires_s = static_cast<std::int64_t>(std::floor(*expires_s));
  const auto subject = claims.get("sub");
  if (subject && !subject->is_string()) return bad_token("sub is not text");
  if (subject) token.subject = *subject->string();
  return token;
}

// An origin and nothing else (RFC 8292 §2).
std::optional<Origin> audience_origin(std::string_view audience) {
  const auto origin = Origin::parse(audience);
  if (!origin || Origin::end_in(audience) != audience.size()) return std::nullopt;
  return *origin;
}

// At most some hundred bytes of `text`, which is UTF-8, as a JSON string.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShownMost = 100;
  std::size_t shown = std::min(text.size(), kShownMost);
  if (shown < text.size()) {
    while (shown > 0 && (static_cast<unsigned char>(text[shown]) & 0xc0U) == 0x80U) --shown;
  }
  std::string out;
  append_json_string(out, text.substr(0, shown));
  return out;
}

// What a sender should look at, if the reason can be guessed from the audience.
std::string_view audience_hint(const std::vector<std::string>& audiences, const Origin& own) {
  for (const auto& audience : audiences) {
    const auto origin = Origin::parse(audience);
    if (!origin || origin->host != own.host) continue;
    if (*origin == own) return ". aud must be the origin alone, without a path or a slash at the end";
    if (origin->scheme == own.scheme && origin->has_default_port()) {
      return ". The port belongs to the origin (RFC 6454); some sender libraries leave it out, see "
             "docs/send-from-your-server.md";
    }
  }
  return "";
}

// nullopt: one of `audiences` is `own_text`'s origin.
std::optional<std::string> wrong_audience(const std::vector<std::string>& audiences, std::string_view own_text) {
  const auto own = Origin::parse(own_text);
  HERALD_CHECK(own.has_value(), "the server's own origin is checked with the configuration");
  for (const auto& audience : audiences) {
    if (audience_origin(audience) == *own) return std::nullopt;
  }
  const std::string_view given = audiences.empty() ? std::string_view() : std::string_view(audiences.front());
  std::string out = "Invalid VAPID audience: aud is " + quoted(given) + ", this server is " + quoted(own->text());
  out += audience_hint(audiences, *own);
  return out;
}

}  // namespace

Claimed parse_vapid(const HeaderList& headers) {
  const auto values = headers.all("Authorization");
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) return unauthorized("More than one Authorization header");
  const std::string_view value = values.front();
  const std::size_t end = std::min(value.find_first_of(" \t"), value.size());
  const std::string_view scheme = value.substr(0, end);
  const std::string_view rest = trimmed(value.substr(end));
  if (equals_ignoring_case(scheme, "vapid")) return read_current(rest);
  if (equals_ignoring_case(scheme, "WebPush") || equals_ignoring_case(scheme, "Bearer")) {
    return read_legacy(rest, headers);
  }
  return unauthorized("Unknown auth scheme");
}

std::expected<VapidToken, Refusal> check_vapid(const VapidClaim& claim, std::string_view origin, WallTime now,
                                               const Limits& limits) {
  const auto parts = split_jwt(claim.token);
  if (!parts) return bad_token("not a JWT of three parts");
  const auto header = read_json(parts->header, limits);
  if (!header || !is_es256(header->root())) return bad_token("the algorithm is not ES256");
  const auto payload = read_json(parts->payload, limits);
  if (!payload || !payload->root().is_object()) return bad_token("the claims are not a JSON object");
  if (!is_signed(claim, *parts)) return bad_token("the signature does not verify");
  auto token = read_claims(payload->root());
  if (!token) return token;
  if (const auto wrong = wrong_audience(token->audiences, origin)) return unauthorized(*wrong);
  const std::int64_t now_s = now.ms / 1000;
  if (now_s > token->expires_s + kVapidSkewS) return bad_token("it has expired");
  if (token->expires_s > now_s + kVapidLongestS + kVapidSkewS) {
    return unauthorized("The VAPID token expiration is too long");
  }
  return token;
}

std::string make_vapid(const P256PrivateKey& key, std::string_view origin, std::string_view subject,
                       std::int64_t expires_s) {
  std::string claims = R"({"aud":)";
  append_json_string(claims, origin);
  claims += R"(,"exp":)" + std::to_string(expires_s);
  if (!subject.empty()) {
    claims += R"(,"sub":)";
    append_json_string(claims, subject);
  }
  claims.push_back('}');
  std::string jwt = to_base64url(as_bytes(R"({"typ":"JWT","alg":"ES256"})")) + "." + to_base64url(as_bytes(claims));
  jwt += "." + to_base64url(key.sign_es256(as_bytes(jwt)));
  return "vapid t=" + jwt + ",k=" + to_base64url(key.point());
}

}  // namespace herald::protocol::webpush
