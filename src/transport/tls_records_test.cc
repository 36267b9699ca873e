#include "transport/tls_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "transport/tls_peer_test.h"

namespace herald::transport {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::array kSuites{TlsSuite::kAes128GcmSha256, TlsSuite::kAes256GcmSha384, TlsSuite::kChaCha20Poly1305Sha256};

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

std::string seal(TlsTraffic& keys, TlsContentType type, std::string_view first, std::string_view second = {}) {
  Bytes out(first.size() + second.size() + kTlsRecordExtraBytes);
  EXPECT_EQ(seal_tls_record(keys, type, first, second, out), out.size());
  return std::string(as_text(out));
}

// What opening answers: the content, or the alert's number.
std::string open(TlsTraffic& keys, std::string_view record) {
  Bytes bytes = bytes_of(record);
  const auto content = open_tls_record(keys, bytes);
  if (!content) return "alert " + std::to_string(static_cast<int>(content.error()));
  return std::string(as_text(content->bytes));
}

// One side's keys, and the other's of the same direction.
struct Pair {
  explicit Pair(TlsSuite suite) : secret(tls_secret_bytes(suite), 7), out(suite, secret, 0), in(suite, secret, 0) {}
  Bytes secret;
  TlsTraffic out;
  TlsTraffic in;
};

// RFC 8448 §3: the application's secrets, keys and records.
constexpr std::string_view kClientSecret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
constexpr std::string_view kServerSecret = "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

std::string fifty_bytes() {
  std::string out;
  for (char i = 0; i < 50; ++i) out.push_back(i);
  return out;
}

TEST(TlsRecordsTest, DerivesTheKeysOfRfc8448) {
  const auto derived = [](std::string_view secret, std::string_view label, std::size_t size) {
    Bytes out(size);
    tls_expand_label(TlsSuite::kAes128GcmSha256, hex(secret), label, out);
    return to_hex(out);
  };
  EXPECT_EQ(derived(kServerSecret, "key", 16), "9f02283b6c9c07efc26bb9f2ac92e356");
  EXPECT_EQ(derived(kServerSecret, "iv", 12), "cf782b88dd83549aadf1e984");
  EXPECT_EQ(derived(kClientSecret, "key", 16), "17422dda596ed5d9acd890e3c63f5051");
  EXPECT_EQ(derived(kClientSecret, "iv", 12), "5b78923dee08579033e523d9");
}

TEST(TlsRecordsTest, SealsAndOpensTheRecordsOfRfc8448) {
  const std::string client_data(as_text(
      hex("1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a62"
          "92a2977014bd1e3deae63aeebb21694915e4")));
  const std::string client_alert(as_text(hex("1703030013c9872760655666b74d7ff1153efd6db6d0b0e3")));
  const std::string server_alert(as_text(hex("1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9")));
  const std::string close_notify("\1\0", 2);
  TlsTraffic client(TlsSuite::kAes128GcmSha256, hex(kClientSecret), 0);
  EXPECT_EQ(open(client, client_data), fifty_bytes());
  EXPECT_EQ(open(client, client_alert), close_notify);
  TlsTraffic again(TlsSuite::kAes128GcmSha256, hex(kClientSecret), 0);
  EXPECT_EQ(seal(again, TlsContentType::kApplicationData, fifty_bytes()), client_data);
  // The server had sent a ticket and fifty bytes.
  TlsTraffic server(TlsSuite::kAes128GcmSha256, hex(kServerSecret), 2);
  EXPECT_EQ(seal(server, TlsContentType::kAlert, close_notify), server_alert);
}

TEST(TlsRecordsTest, WhatIsSealedIsOpenedInOrder) {
  for (const TlsSuite suite : kSuites) {
    Pair keys(suite);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, kTlsContentMaxBytes}) {
      const std::string text(size, 'a');
      const std::string one = seal(keys.out, TlsContentType::kApplicationData, text);
      const std::string two = seal(keys.out, TlsContentType::kApplicationData, text.substr(0, size / 3),
                                   std::string_view(text).substr(size / 3));
      EXPECT_EQ(one.size(), size + kTlsRecordExtraBytes);
      EXPECT_EQ(tls_record_bytes(as_bytes(one).first<kTlsHeaderBytes>()), one.size());
      EXPECT_NE(one, two);
      EXPECT_EQ(open(keys.in, one), text);
      EXPECT_EQ(open(keys.in, two), text);
    }
    EXPECT_EQ(keys.out.records(), 8U);
  }
}

TEST(TlsRecordsTest, KeepsTheTypeOfTheContent) {
  Pair keys(TlsSuite::kAes128GcmSha256);
  for (const auto type : {TlsContentType::kAlert, TlsContentType::kHandshake, TlsContentType::kApplicationData}) {
    Bytes record = bytes_of(seal(keys.out, type, "x"));
    EXPECT_EQ(open_tls_record(keys.in, record)->type, type);
  }
}

TEST(TlsRecordsTest, EveryChangedBitIsSeen) {
  for (const TlsSuite suite : kSuites) {
    Pair sealing(suite);
    const std::string record = seal(sealing.out, TlsContentType::kApplicationData, "genuine");
    for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
      std::string changed = record;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      if (bit / 8 == 3 || bit / 8 == 4) continue;  // another length is another record
      Pair opening(suite);
      EXPECT_EQ(open(opening.in, changed), "alert 20") << bit;
    }
    Pair opening(suite);
    EXPECT_EQ(open(opening.in, record), "genuine");
  }
}

TEST(TlsRecordsTest, RepeatedLostAndSwappedRecordsAreSeen) {
  const auto sealed = [](int number) {
    Pair keys(TlsSuite::kAes128GcmSha256);
    std::string record;
    for (int i = 0; i <= number; ++i) record = seal(keys.out, TlsContentType::kApplicationData, "same");
    return record;
  };
  Pair repeated(TlsSuite::kAes128GcmSha256);
  EXPECT_EQ(open(repeated.in, sealed(0)), "same");
  EXPECT_EQ(open(repeated.in, sealed(0)), "alert 20");
  Pair lost(TlsSuite::kAes128GcmSha256);
  EXPECT_EQ(open(lost.in, sealed(1)), "alert 20");
}

TEST(TlsRecordsTest, AHeaderSaysHowMuchFollows) {
  const auto size = [](std::initializer_list<std::uint8_t> header) {
    return tls_record_bytes(std::span<const std::uint8_t, kTlsHeaderBytes>(header.begin(), kTlsHeaderBytes));
  };
  EXPECT_EQ(size({23, 3, 3, 0, 17}), 22U);
  EXPECT_EQ(size({23, 9, 9, 0, 17}), 22U);  // the version means nothing
  EXPECT_EQ(size({23, 3, 3, 0x41, 0x00}), kTlsRecordMaxBytes);
  EXPECT_EQ(size({23, 3, 3, 0x41, 0x01}), std::unexpected(TlsAlert::kRecordOverflow));
  for (const std::uint8_t type : Bytes{0, 20, 21, 22, 24, 255}) {
    EXPECT_EQ(size({type, 3, 3, 0, 1}), std::unexpected(TlsAlert::kUnexpectedMessage));
  }
}

// Records that seal_tls_record() would not make.
class StrangeRecords : public testing::Test {
 protected:
  StrangeRecords() : secrets(make()), peer(*secrets), keys(secrets->suite, ByteView(secrets->read).first(32), 0) {}
  static std::unique_ptr<TlsSecrets> make() {
    auto secrets = std::make_unique<TlsSecrets>();
    fill_test_secrets(*secrets, TlsSuite::kAes128GcmSha256);
    return secrets;
  }
  std::unique_ptr<TlsSecrets> secrets;
  TlsTestPeer peer;
  TlsTraffic keys;
};

TEST_F(StrangeRecords, PaddingIsTakenOff) {
  EXPECT_EQ(open(keys, peer.seal(23, "text", 1)), "text");
  EXPECT_EQ(open(keys, peer.seal(23, "text", 1000)), "text");
  EXPECT_EQ(open(keys, peer.seal(23, "", 1000)), "");
  EXPECT_EQ(open(keys, peer.seal(23, std::string("\0\0", 2), 3)), std::string("\0\0", 2));
}

TEST_F(StrangeRecords, PaddingCountsForTheLimit) {
  const std::string most(kTlsContentMaxBytes, 'm');
  EXPECT_EQ(open(keys, peer.seal(23, most)), most);
  EXPECT_EQ(open(keys, peer.seal(23, "text", kTlsContentMaxBytes - 4)), "text");
  EXPECT_EQ(open(keys, peer.seal(23, "text", kTlsContentMaxBytes - 3)), "alert 22");
  EXPECT_EQ(open(keys, peer.seal(23, most + "m")), "alert 22");
  EXPECT_EQ(open(keys, peer.seal(23, most, 256 - 1 - kTlsTagBytes)), "alert 22");
}

TEST_F(StrangeRecords, AContentTypeIsNeeded) {
  EXPECT_EQ(open(keys, peer.seal(0, "", 0)), "alert 10");
  EXPECT_EQ(open(keys, peer.seal(0, "", 100)), "alert 10");
  for (const std::uint8_t type : Bytes{20, 24, 1, 255}) EXPECT_EQ(open(keys, peer.seal(type, "x")), "alert 10");
}

TEST_F(StrangeRecords, TooShortForATagIsNoRecord) {
  for (const std::uint8_t length : Bytes{0, 1, 15}) {
    EXPECT_EQ(open(keys, std::string{23, 3, 3, 0, static_cast<char>(length)} + std::string(length, 'x')), "alert 20");
  }
  // A tag and nothing else: genuine, but without a type.
  Bytes record{23, 3, 3, 0, 16};
  record.resize(kTlsHeaderBytes + kTlsTagBytes);
  const std::span bytes(record);
  peer.write.encrypt(bytes.first(kTlsHeaderBytes), {}, bytes.last<kTlsTagBytes>());
  EXPECT_EQ(open(keys, as_text(record)), "alert 10");
}

TEST(TlsRecordsTest, UpdatedKeysAgreeAndOldOnesDoNotServe) {
  for (const TlsSuite suite : kSuites) {
    Pair keys(suite);
    EXPECT_EQ(open(keys.in, seal(keys.out, TlsContentType::kApplicationData, "old")), "old");
    keys.out.update();
    keys.in.update();
    EXPECT_EQ(keys.out.records(), 0U);
    EXPECT_EQ(open(keys.in, seal(keys.out, TlsContentType::kApplicationData, "new")), "new");
    keys.out.update();
    EXPECT_EQ(open(keys.in, seal(keys.out, TlsContentType::kApplicationData, "newer")), "alert 20");
  }
}

TEST(TlsRecordsTest, KnowsItsSuitesOnly) {
  EXPECT_EQ(find_tls_suite(0x1301), TlsSuite::kAes128GcmSha256);
  EXPECT_EQ(find_tls_suite(0x1302), TlsSuite::kAes256GcmSha384);
  EXPECT_EQ(find_tls_suite(0x1303), TlsSuite::kChaCha20Poly1305Sha256);
  EXPECT_EQ(find_tls_suite(0x1304), std::nullopt);
  EXPECT_EQ(find_tls_suite(0xc02b), std::nullopt);
}

TEST(TlsRecordsDeathTest, SequenceNumbersNeverWrap) {
  const Bytes secret(32, 1);
  TlsTraffic keys(TlsSuite::kAes128GcmSha256, secret, 0xFFFF'FFFF'FFFF'FFFE);
  EXPECT_EQ(seal(keys, TlsContentType::kApplicationData, "last").size(), 4 + kTlsRecordExtraBytes);
  EXPECT_DEATH(seal(keys, TlsContentType::kApplicationData, "one more"), "must not wrap");
}

}  // namespace
}  // namespace herald::transport
