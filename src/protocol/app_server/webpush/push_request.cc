#include "protocol/app_server/webpush/push_request.h"

#include <algorithm>
#include <charconv>

#include "base/crypto_p256.h"

namespace herald::protocol::webpush {

namespace {

constexpr std::string_view kAes128Gcm = "aes128gcm";
constexpr std::string_view kAesGcm = "aesgcm";
constexpr std::string_view kReceiptRelation = "urn:ietf:params:push:receipt";
constexpr std::size_t kTopicMost = 32;
constexpr std::size_t kSaltSize = 16;
// RFC 8188 §2.1: salt, record size, then the length of the key id.
constexpr std::size_t kKeyIdLengthAt = 20;
constexpr std::size_t kKeyIdAt = 21;

using Outcome = std::expected<void, Refusal>;

std::unexpected<Refusal> refuse(std::optional<Errno> number, std::string message, std::string_view metric) {
  return std::unexpected(Refusal{400, number, std::move(message), metric, std::nullopt});
}

std::unexpected<Refusal> bad_crypto(std::string message) {
  return refuse(Errno::kCryptoHeaders, std::move(message), "crypto_headers");
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The sign is judged later: a message with two faults gets the answer of the first check that fails.
struct Ttl {
  bool negative = false;
  std::uint64_t seconds = 0;
};

std::expected<std::optional<Ttl>, Refusal> read_ttl(const HeaderList& headers, const Limits& limits, bool lenient) {
  const auto values = headers.all("TTL");
  if (values.empty() && lenient) return std::nullopt;
  if (values.empty()) return refuse(Errno::kMissingTtl, "Missing TTL value", "ttl");
  if (values.size() > 1) return refuse(Errno::kBadTtl, "More than one TTL header", "ttl");
  std::string_view digits = values.front();
  Ttl ttl;
  ttl.negative = digits.starts_with('-');
  if (ttl.negative) digits.remove_prefix(1);
  if (!is_digits(digits)) return refuse(Errno::kMissingTtl, "TTL must be a whole number of seconds", "ttl");
  // RFC 8030 §5.2: too large for the type is only large.
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ttl.seconds);
  if (error != std::errc()) ttl.seconds = limits.retention_s;
  ttl.seconds = std::min(ttl.seconds, limits.retention_s);
  return ttl;
}

std::expected<std::optional<CryptoHeader>, Refusal> read_crypto(const HeaderList& headers, const std::string& name) {
  const auto text = headers.merged(name);
  if (!text) return std::nullopt;
  auto header = CryptoHeader::parse(*text);
  if (!header) return bad_crypto("Invalid " + name + " header");
  return std::move(*header);
}

struct CryptoHeaders {
  std::optional<CryptoHeader> encryption;
  std::optional<CryptoHeader> crypto_key;
};

// RFC 8291 §4: one record, described by the body alone.
Outcome read_aes128gcm(const CryptoHeaders& crypto, ByteView body, PushRequest& out) {
  if (crypto.encryption && crypto.encryption->find("salt")) {
    return bad_crypto("Do not include 'salt' header in aes128gcm Encryption header");
  }
  if (crypto.crypto_key && crypto.crypto_key->find("dh")) {
    return bad_crypto("Do not include 'dh' header in aes128gcm Crypto-Key header");
  }
  if (body.size() >= kKeyIdAt + sizeof(P256Point) && body[kKeyIdLengthAt] == sizeof(P256Point)) {
    const ByteView key = body.subspan(kKeyIdAt, sizeof(P256Point));
    out.sender_key.assign(key.begin(), key.end());
  }
  return {};
}

// draft-ietf-webpush-encryption-04 §3.1.
Outcome read_aesgcm(const CryptoHeaders& crypto, PushRequest& out) {
  if (!crypto.encryption) return bad_crypto("Missing Encryption header");
  const auto salt = crypto.encryption->find("salt");
  if (!salt) return bad_crypto("Missing salt value in Encryption header");
  const auto salt_bytes = decode_any_base64(*salt);
  if (!salt_bytes || salt_bytes->size() != kSaltSize) return bad_crypto("Invalid salt value in Encryption header");
  if (!crypto.crypto_key) return bad_crypto("Missing Crypto-Key header");
  const auto dh = crypto.crypto_key->find("dh");
  if (!dh) return bad_crypto("Missing dh value in Crypto-Key header");
  auto key = decode_any_base64(*dh);
  if (!key || key->size() != sizeof(P256Point) || key->front() != 4) {
    return bad_crypto("Invalid dh value in Crypto-Key header");
  }
  out.sender_key = std::move(*key);
  out.encryption = crypto.encryption->without("");
  out.crypto_key = crypto.crypto_key->without("p256ecdsa");
  return {};
}

Outcome read_encoding(const HeaderList& headers, ByteView body, bool lenient, PushRequest& out) {
  if (body.empty()) return {};
  const auto encoding = headers.merged("Content-Encoding");
  if (!encoding && lenient) return {};
  if (!encoding) return bad_crypto("Missing Content-Encoding header");
  out.encoding = lower_case(*encoding);
  if (out.encoding != kAes128Gcm && out.encoding != kAesGcm) return bad_crypto("Unknown Content-Encoding header");
  auto encryption = read_crypto(headers, "Encryption");
  if (!encryption) return std::unexpected(std::move(encryption.error()));
  auto crypto_key = read_crypto(headers, "Crypto-Key");
  if (!crypto_key) return std::unexpected(std::move(crypto_key.error()));
  const CryptoHeaders crypto{std::move(*encryption), std::move(*crypto_key)};
  if (out.encoding == kAes128Gcm) return read_aes128gcm(crypto, body, out);
  if (lenient && !crypto.encryption) return {};
  return read_aesgcm(crypto, out);
}

// RFC 8030 §5.4.
Outcome read_topic(const HeaderList& headers, PushRequest& out) {
  const auto values = headers.all("Topic");
  if (values.empty()) return {};
  if (values.size() > 1) return refuse(Errno::kBadTopic, "More than one Topic header", "topic");
  const std::string_view topic = values.front();
  if (topic.size() > kTopicMost) {
    return refuse(Errno::kBadTopic, "Topic must be no greater than 32 characters", "topic");
  }
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (topic.empty() || topic.find_first_not_of(kAlphabet) != std::string_view::npos) {
    return refuse(Errno::kBadTopic, "Topic must be URL and Filename safe Base64 alphabet", "topic");
  }
  out.topic = topic;
  return {};
}

// RFC 8030 §5.3.
Outcome read_urgency(const HeaderList& headers, PushRequest& out) {
  const auto values = headers.all("Urgency");
  if (values.empty()) return {};
  constexpr std::array<std::string_view, 4> kNames{"very-low", "low", "normal", "high"};
  const auto found = std::ranges::find(kNames, lower_case(values.front()));
  if (values.size() > 1 || found == kNames.end()) {
    return refuse(std::nullopt, "Urgency must be one of very-low, low, normal, high", "urgency");
  }
  out.urgency = static_cast<Urgency>(found - kNames.begin());
  return {};
}

bool prefers_async(const HeaderList& headers) {
  const auto prefer = headers.merged("Prefer");
  if (!prefer) return false;
  return std::ranges::any_of(split_outside_quotes(*prefer, ','), [](std::string_view preference) {
    return equals_ignoring_case(split_outside_quotes(preference, ';').front(), "respond-async");
  });
}

bool is_receipt_relation(std::string_view text) {
  const auto parameter = parse_parameter(text);
  return parameter && parameter->name == "rel" && parameter->value == kReceiptRelation;
}

// The target of "<target>; rel="urn:ietf:params:push:receipt"" (RFC 8288), empty if there is none.
std::string receipt_link(const HeaderList& headers) {
  const auto links = headers.merged("Link");
  if (!links) return "";
  for (const std::string_view link : split_outside_quotes(*links, ',')) {
    const auto parts = split_outside_quotes(link, ';');
    const std::string_view target = parts.front();
    if (!target.starts_with('<') || !target.ends_with('>')) continue;
    if (std::any_of(parts.begin() + 1, parts.end(), is_receipt_relation)) {
      return std::string(target.substr(1, target.size() - 2));
    }
  }
  return "";
}

}  // namespace

std::expected<PushRequest, Refusal> parse_push(const HeaderList& headers, ByteView body, const Limits& limits,
                                               bool lenient) {
  if (body.size() > limits.webpush_message_max_bytes) {
    return std::unexpected(Refusal{413, Errno::kTooLarge,
                                   "This message is too large: at most " +
                                       std::to_string(limits.webpush_message_max_bytes) + " bytes are delivered",
                                   "message_too_big", std::nullopt});
  }
  PushRequest out;
  const auto ttl = read_ttl(headers, limits, lenient);
  if (!ttl) return std::unexpected(ttl.error());
  if (auto read = read_encoding(headers, body, lenient, out); !read) return std::unexpected(std::move(read.error()));
  if (*ttl && (*ttl)->negative) return refuse(Errno::kNegativeTtl, "TTL must be greater than 0", "ttl");
  if (auto read = read_topic(headers, out); !read) return std::unexpected(std::move(read.error()));
  if (auto read = read_urgency(headers, out); !read) return std::unexpected(std::move(read.error()));
  out.ttl_given = ttl->has_value();
  out.ttl_s = *ttl ? (*ttl)->seconds : std::min(kLenientTtlS, limits.retention_s);
  out.wants_receipt = prefers_async(headers);
  if (out.wants_receipt) out.receipt_link = receipt_link(headers);
  return out;
}

}  // namespace herald::protocol::webpush
