#include "transport/tls_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "transport/tls_peer_test.h"

namespace herald::transport {
namespace {

using Bytes = std::vector<std::uint8_t>;

// The types in front of what TlsTestPeer::open() answers.
const std::string kData = "\x17";
const std::string kAlert = "\x15";
const std::string kUpdate = "\x16" + kTestKeyUpdate;

// Nonces are used once because no copy can go on from the same sequence number.
static_assert(!std::is_copy_constructible_v<TlsTraffic> && !std::is_move_constructible_v<TlsTraffic> &&
              !std::is_copy_assignable_v<TlsTraffic> && !std::is_move_assignable_v<TlsTraffic>);
static_assert(!std::is_copy_constructible_v<TlsSession> && !std::is_move_constructible_v<TlsSession>);
static_assert(!std::is_copy_constructible_v<TlsSecrets> && !std::is_move_constructible_v<TlsSecrets>);
static_assert(sizeof(TlsSession) <= 232);

class TlsSessionTest : public testing::TestWithParam<TlsSuite> {
 protected:
  TlsSessionTest() : secrets(make()), peer(*secrets), session(*secrets) {}

  static std::unique_ptr<TlsSecrets> make() {
    auto secrets = std::make_unique<TlsSecrets>();
    fill_test_secrets(*secrets, GetParam(), 1);
    return secrets;
  }

  // The application's bytes, "end", or the alert that is due.
  static std::string receive(TlsSession& by, std::string_view record) {
    Bytes bytes(record.begin(), record.end());
    const auto content = by.receive(bytes);
    if (content) return std::string(as_text(*content));
    if (content.error().in_order) return "end";
    return content.error().alert ? "alert " + std::to_string(static_cast<int>(*content.error().alert)) : "failed";
  }
  std::string receive(std::string_view record) { return receive(session, record); }
  // What a fresh session makes of one handshake record.
  std::string first_says(std::string_view message) {
    TlsSession fresh(*secrets);
    TlsTestPeer other(*secrets);
    return receive(fresh, other.seal(22, message));
  }
  static std::string seal(TlsSession& by, std::string_view first, std::string_view second = {}) {
    Bytes out(kTlsSealedMaxBytes);
    out.resize(by.seal(first, second, out));
    return std::string(as_text(out));
  }
  std::string seal(std::string_view first, std::string_view second = {}) { return seal(session, first, second); }

  std::unique_ptr<TlsSecrets> secrets;
  TlsTestPeer peer;
  TlsSession session;
};

INSTANTIATE_TEST_SUITE_P(Suites, TlsSessionTest,
                         testing::Values(TlsSuite::kAes128GcmSha256, TlsSuite::kAes256GcmSha384,
                                         TlsSuite::kChaCha20Poly1305Sha256));

TEST_P(TlsSessionTest, ApplicationDataGoesBothWays) {
  EXPECT_EQ(receive(peer.data("one")), "one");
  EXPECT_EQ(receive(peer.data("")), "");
  EXPECT_EQ(receive(peer.data("two")), "two");
  EXPECT_EQ(peer.open_all(seal("three")), kData + "three");
  EXPECT_EQ(peer.open_all(seal("fo", "ur")), kData + "four");
  const std::string most(kTlsContentMaxBytes, 'm');
  EXPECT_EQ(peer.open_all(seal(most)), kData + most);
}

TEST_P(TlsSessionTest, CloseNotifyIsAnOrderlyEnd) {
  EXPECT_EQ(receive(peer.alert(0)), "end");
  // The other direction stays open.
  EXPECT_EQ(peer.open_all(seal("still")), kData + "still");
}

TEST_P(TlsSessionTest, EveryOtherAlertIsAFailureThatNeedsNoAnswer) {
  for (int alert = 1; alert < 256; ++alert) {
    if (alert == 90) continue;
    TlsSession fresh(*secrets);
    TlsTestPeer other(*secrets);
    EXPECT_EQ(receive(fresh, other.alert(static_cast<std::uint8_t>(alert))), "failed") << alert;
  }
}

TEST_P(TlsSessionTest, UserCanceledAnnouncesCloseNotify) {
  EXPECT_EQ(receive(peer.alert(90)), "");
  EXPECT_EQ(receive(peer.alert(0)), "end");
}

TEST_P(TlsSessionTest, AnAlertIsTwoBytes) {
  EXPECT_EQ(receive(peer.seal(21, "\1")), "alert 50");
  TlsSession fresh(*secrets);
  TlsTestPeer other(*secrets);
  EXPECT_EQ(receive(fresh, other.seal(21, "\1\1\1")), "alert 50");
  TlsSession another(*secrets);
  TlsTestPeer third(*secrets);
  EXPECT_EQ(receive(another, third.seal(21, "")), "alert 10");
}

TEST_P(TlsSessionTest, APeerMayUpdateItsKeys) {
  EXPECT_EQ(receive(peer.data("old")), "old");
  EXPECT_EQ(receive(peer.key_update(false)), "");
  EXPECT_EQ(receive(peer.data("new")), "new");
  // It did not ask for ours.
  EXPECT_EQ(peer.open_all(seal("x")), kData + "x");
}

TEST_P(TlsSessionTest, OldKeysDoNotServeAfterAnUpdate) {
  EXPECT_EQ(receive(peer.seal(22, kTestKeyUpdate)), "");
  EXPECT_EQ(receive(peer.data("with the old keys")), "alert 20");
}

TEST_P(TlsSessionTest, OneUpdateAnswersAllThatWereAskedFor) {
  EXPECT_EQ(receive(peer.key_update(true)), "");
  EXPECT_EQ(receive(peer.key_update(true)), "");
  EXPECT_EQ(receive(peer.key_update(false)), "");
  EXPECT_EQ(peer.open_all(seal("x")), kUpdate + kData + "x");
  EXPECT_EQ(peer.open_all(seal("y")), kData + "y");
  const std::string most(kTlsContentMaxBytes, 'm');
  EXPECT_EQ(receive(peer.key_update(true)), "");
  EXPECT_EQ(peer.open_all(seal(most)), kUpdate + kData + most);
}

TEST_P(TlsSessionTest, AnUpdateMayComeInPieces) {
  for (const char c : kTestKeyUpdateRequest) EXPECT_EQ(receive(peer.seal(22, std::string{c})), "");
  peer.write.update();
  EXPECT_EQ(receive(peer.data("new")), "new");
  EXPECT_EQ(peer.open_all(seal("x")), kUpdate + kData + "x");
}

TEST_P(TlsSessionTest, NothingComesBetweenThePiecesOfAMessage) {
  for (const std::uint8_t type : Bytes{21, 23}) {
    TlsSession fresh(*secrets);
    TlsTestPeer other(*secrets);
    EXPECT_EQ(receive(fresh, other.seal(22, kTestKeyUpdate.substr(0, 3))), "");
    EXPECT_EQ(receive(fresh, other.seal(type, std::string("\1\0", 2))), "alert 10");
  }
}

TEST_P(TlsSessionTest, ARecordEndsWithAnUpdate) {
  EXPECT_EQ(first_says(kTestKeyUpdate + kTestKeyUpdate), "alert 10");
  EXPECT_EQ(first_says(kTestKeyUpdate + "x"), "alert 10");
}

TEST_P(TlsSessionTest, AnUpdateIsWellFormed) {
  EXPECT_EQ(first_says(std::string("\x18\0\0\1\2", 5)), "alert 47");
  EXPECT_EQ(first_says(std::string("\x18\0\0\1\xff", 5)), "alert 47");
  EXPECT_EQ(first_says(std::string("\x18\0\0\0", 4)), "alert 50");
  EXPECT_EQ(first_says(std::string("\x18\0\0\2\0\0", 6)), "alert 50");
  EXPECT_EQ(first_says(std::string("\x18\1\0\1\0", 5)), "alert 50");
}

TEST_P(TlsSessionTest, OtherHandshakeMessagesMayNotCome) {
  EXPECT_EQ(first_says(""), "alert 10");
  for (int type = 0; type < 256; ++type) {
    if (type == 24) continue;
    EXPECT_EQ(first_says(std::string{static_cast<char>(type), 0, 0, 1, 0}), "alert 10") << type;
    EXPECT_EQ(first_says(std::string{static_cast<char>(type)}), "alert 10") << type;
  }
}

TEST_P(TlsSessionTest, AFloodOfUpdatesEndsTheConnection) {
  for (int i = 0; i < kTlsKeyUpdatesInRowMax; ++i) ASSERT_EQ(receive(peer.key_update(true)), "");
  EXPECT_EQ(receive(peer.data("a sign of life")), "a sign of life");
  for (int i = 0; i < kTlsKeyUpdatesInRowMax; ++i) ASSERT_EQ(receive(peer.key_update(true)), "");
  EXPECT_EQ(receive(peer.data("")), "");  // is none
  EXPECT_EQ(receive(peer.key_update(true)), "alert 10");
}

TEST_P(TlsSessionTest, AFloodOfEmptyRecordsEndsTheConnection) {
  for (int round = 0; round < 3; ++round) {
    for (int n = 0; n < kTlsEmptyRecordsInRowMax; ++n) EXPECT_EQ(receive(peer.data("")), "") << n;
    EXPECT_EQ(receive(peer.data("x")), "x") << "content begins the count anew";
  }
  for (int n = 0; n < kTlsEmptyRecordsInRowMax; ++n)
    EXPECT_EQ(receive(peer.seal(23, "", 100)), "") << "padding is no content";
  EXPECT_EQ(receive(peer.data("")), "alert 10");
}

TEST_P(TlsSessionTest, AFloodOfAlertsThatChangeNothingEndsTheConnection) {
  for (int n = 0; n < kTlsWarningsInRowMax; ++n) EXPECT_EQ(receive(peer.alert(90)), "") << n;
  EXPECT_EQ(receive(peer.data("x")), "x") << "content begins the count anew";
  for (int n = 0; n < kTlsWarningsInRowMax; ++n) EXPECT_EQ(receive(peer.alert(90)), "") << n;
  EXPECT_EQ(receive(peer.alert(90)), "alert 10");
}

TEST_P(TlsSessionTest, RecordsOfOneKindDoNotResetTheCountOfAnother) {
  for (int n = 0; n < kTlsWarningsInRowMax; ++n) {
    EXPECT_EQ(receive(peer.alert(90)), "");
    EXPECT_EQ(receive(peer.data("")), "");
    EXPECT_EQ(receive(peer.key_update(false)), "");
  }
  EXPECT_EQ(receive(peer.alert(90)), "alert 10");
}

TEST_P(TlsSessionTest, KeysChangeAfterSoManyRecords) {
  TlsSession limited(*secrets, 3);  // one was sealed already
  for (const std::string text : {"a", "b"}) EXPECT_EQ(peer.open_all(seal(limited, text)), kData + text);
  EXPECT_EQ(peer.open_all(seal(limited, "c")), kUpdate + kData + "c");
  for (const std::string text : {"d", "e"}) EXPECT_EQ(peer.open_all(seal(limited, text)), kData + text);
  EXPECT_EQ(peer.open_all(seal(limited, "f")), kUpdate + kData + "f");
}

TEST_P(TlsSessionTest, AnAlertIsTheLastRecord) {
  Bytes out(kTlsSealedMaxBytes);
  EXPECT_FALSE(session.closed());
  const std::size_t made = session.seal_alert(TlsAlert::kCloseNotify, out);
  EXPECT_EQ(peer.open_all(as_text(ByteView(out).first(made))), kAlert + std::string("\1\0", 2));
  EXPECT_TRUE(session.closed());
  EXPECT_EQ(session.seal_alert(TlsAlert::kBadRecordMac, out), 0U);
  EXPECT_DEATH(seal("more"), "after an alert");
}

TEST_P(TlsSessionTest, AFatalAlertSaysSo) {
  Bytes out(kTlsSealedMaxBytes);
  const std::size_t made = session.seal_alert(TlsAlert::kRecordOverflow, out);
  EXPECT_EQ(peer.open_all(as_text(ByteView(out).first(made))), kAlert + "\2\x16");
}

}  // namespace
}  // namespace herald::transport
