#include "protocol/ece/ece.h"

#include <algorithm>
#include <string_view>

#include "base/crypto_aead.h"
#include "base/crypto_hkdf.h"

namespace herald::protocol::ece {

namespace {

constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kAuthSize = 16;
constexpr std::size_t kKeySize = 16;
// RFC 8188 §2.1: salt, record size (4), key id length (1).
constexpr std::size_t kHeaderSize = 21;
constexpr std::uint32_t kRecordSize = 4096;
constexpr std::size_t kLeastRecord = kAesGcmTagSize + 2;
constexpr std::uint8_t kLastRecord = 2;
constexpr std::uint8_t kMoreRecords = 1;

void append(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}

// `text` and its final 00.
Bytes info(std::string_view text) {
  Bytes out(text.begin(), text.end());
  out.push_back(0);
  return out;
}

struct ContentKeys {
  Bytes key;
  Bytes nonce;
};

ContentKeys content_keys(ByteView salt, ByteView key_material, std::string_view coding, ByteView context = {}) {
  const auto prk = hkdf_extract(salt, key_material);
  Bytes key_info = info("Content-Encoding: " + std::string(coding));
  Bytes nonce_info = info("Content-Encoding: nonce");
  append(key_info, context);
  append(nonce_info, context);
  return {hkdf_expand(prk, key_info, kKeySize), hkdf_expand(prk, nonce_info, kAesGcmNonceSize)};
}

// RFC 8291 §3.4.
Bytes key_material(const P256Secret& secret, ByteView auth, ByteView receiver, ByteView sender) {
  Bytes key_info = info("WebPush: info");
  append(key_info, receiver);
  append(key_info, sender);
  return hkdf_expand(hkdf_extract(auth, secret), key_info, 32);
}

// RFC 8188 §2.3: the record's number in the low bits.
Bytes record_nonce(Bytes nonce, std::uint64_t number) {
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[kAesGcmNonceSize - 1 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
  }
  return nonce;
}

struct Header {
  ByteView salt;
  std::size_t record_size = 0;
  ByteView key_id;
  ByteView records;
};

Result<Header> read_header(ByteView body) {
  if (body.size() < kHeaderSize) return fail(ErrorKind::kInvalid, "too short for an encrypted message");
  Header header;
  header.salt = body.first(kSaltSize);
  for (std::size_t i = 0; i < 4; ++i) header.record_size = header.record_size << 8 | body[kSaltSize + i];
  const std::size_t key_id_size = body[kHeaderSize - 1];
  if (header.record_size < kLeastRecord) return fail(ErrorKind::kInvalid, "the record size is below 18");
  if (body.size() < kHeaderSize + key_id_size) return fail(ErrorKind::kInvalid, "the key id is cut short");
  header.key_id = body.subspan(kHeaderSize, key_id_size);
  header.records = body.subspan(kHeaderSize + key_id_size);
  return header;
}

// Takes padding and delimiter off.
Result<Bytes> unpadded(Bytes record, bool last) {
  const auto end = std::find_if(record.rbegin(), record.rend(), [](std::uint8_t byte) { return byte != 0; });
  if (end == record.rend()) return fail(ErrorKind::kInvalid, "a record without delimiter");
  if (*end != (last ? kLastRecord : kMoreRecords)) return fail(ErrorKind::kInvalid, "a record with a wrong delimiter");
  record.erase(end.base() - 1, record.end());
  return record;
}

Result<Bytes> open_records(const Header& header, const ContentKeys& keys) {
  Bytes text;
  ByteView left = header.records;
  for (std::uint64_t number = 0; number == 0 || !left.empty(); ++number) {
    const std::size_t size = std::min(left.size(), header.record_size);
    auto record = aes_gcm_open(keys.key, record_nonce(keys.nonce, number), {}, left.first(size));
    if (!record) return record;
    left = left.subspan(size);
    auto plain = unpadded(std::move(*record), left.empty());
    if (!plain) return plain;
    append(text, *plain);
  }
  return text;
}

Status check_receiver(const ReceiverKeys& receiver) {
  if (receiver.auth.size() == kAuthSize) return {};
  return fail(ErrorKind::kInvalid, "auth is not 16 bytes");
}

// draft-ietf-webpush-encryption-04 §3.3.
Bytes aesgcm_context(ByteView receiver, ByteView sender) {
  Bytes context = info("P-256");
  for (const ByteView key : {receiver, sender}) {
    context.push_back(0);
    context.push_back(static_cast<std::uint8_t>(key.size()));
    append(context, key);
  }
  return context;
}

ContentKeys aesgcm_keys(const P256Secret& secret, ByteView auth, ByteView salt, ByteView receiver, ByteView sender) {
  const auto material = hkdf_expand(hkdf_extract(auth, secret), info("Content-Encoding: auth"), 32);
  return content_keys(salt, material, "aesgcm", aesgcm_context(receiver, sender));
}

}  // namespace

Result<Bytes> encrypt_aes128gcm(ByteView plaintext, const ReceiverKeys& receiver, const P256PrivateKey& sender,
                                const Salt& salt, std::size_t padding) {
  if (const auto sound = check_receiver(receiver); !sound) return std::unexpected(sound.error());
  if (plaintext.size() + padding > kPlaintextMaxBytes) {
    return fail(ErrorKind::kTooLarge, "the message is longer than " + std::to_string(kPlaintextMaxBytes) + " bytes");
  }
  const auto secret = sender.ecdh(receiver.public_key);
  if (!secret) return std::unexpected(secret.error());
  const P256Point point = sender.point();
  const auto keys = content_keys(salt, key_material(*secret, receiver.auth, receiver.public_key, point), "aes128gcm");
  Bytes record(plaintext.begin(), plaintext.end());
  record.push_back(kLastRecord);
  record.resize(record.size() + padding);

  Bytes body(salt.begin(), salt.end());
  for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<std::uint8_t>(kRecordSize >> shift));
  body.push_back(static_cast<std::uint8_t>(point.size()));
  append(body, point);
  append(body, aes_gcm_seal(keys.key, keys.nonce, {}, record));
  return body;
}

Result<Bytes> decrypt_aes128gcm(ByteView body, const P256PrivateKey& receiver, ByteView auth) {
  const auto header = read_header(body);
  if (!header) return std::unexpected(header.error());
  if (header->key_id.size() != sizeof(P256Point)) return fail(ErrorKind::kInvalid, "the key id is no P-256 key");
  // RFC 8291 §4: one record.
  if (header->records.size() > header->record_size) return fail(ErrorKind::kInvalid, "more than one record");
  const auto secret = receiver.ecdh(header->key_id);
  if (!secret) return std::unexpected(secret.error());
  const auto material = key_material(*secret, auth, receiver.point(), header->key_id);
  return open_records(*header, content_keys(header->salt, material, "aes128gcm"));
}

Result<Bytes> decrypt_rfc8188(ByteView body, ByteView key) {
  const auto header = read_header(body);
  if (!header) return std::unexpected(header.error());
  return open_records(*header, content_keys(header->salt, key, "aes128gcm"));
}

Result<AesGcmBody> encrypt_aesgcm(ByteView plaintext, const ReceiverKeys& receiver, const P256PrivateKey& sender,
                                  const Salt& salt) {
  if (const auto sound = check_receiver(receiver); !sound) return std::unexpected(sound.error());
  const auto secret = sender.ecdh(receiver.public_key);
  if (!secret) return std::unexpected(secret.error());
  const P256Point point = sender.point();
  const auto keys = aesgcm_keys(*secret, receiver.auth, salt, receiver.public_key, point);
  Bytes record{0, 0};
  append(record, plaintext);
  return AesGcmBody{aes_gcm_seal(keys.key, keys.nonce, {}, record), "salt=" + to_base64url(salt),
                    "dh=" + to_base64url(point)};
}

Result<Bytes> decrypt_aesgcm(ByteView body, ByteView salt, ByteView sender_key, const P256PrivateKey& receiver,
                             ByteView auth) {
  if (salt.size() != kSaltSize) return fail(ErrorKind::kInvalid, "the salt is not 16 bytes");
  const auto secret = receiver.ecdh(sender_key);
  if (!secret) return std::unexpected(secret.error());
  const auto keys = aesgcm_keys(*secret, auth, salt, receiver.point(), sender_key);
  auto record = aes_gcm_open(keys.key, keys.nonce, {}, body);
  if (!record) return record;
  if (record->size() < 2) return fail(ErrorKind::kInvalid, "the padding's length is missing");
  const std::size_t padding = static_cast<std::size_t>((*record)[0]) << 8 | (*record)[1];
  if (record->size() < 2 + padding) return fail(ErrorKind::kInvalid, "the padding is cut short");
  const bool zeros = std::all_of(record->begin() + 2, record->begin() + 2 + static_cast<std::ptrdiff_t>(padding),
                                 [](std::uint8_t byte) { return byte == 0; });
  if (!zeros) return fail(ErrorKind::kInvalid, "the padding is not zero");
  record->erase(record->begin(), record->begin() + 2 + static_cast<std::ptrdiff_t>(padding));
  return record;
}

}  // namespace herald::protocol::ece
