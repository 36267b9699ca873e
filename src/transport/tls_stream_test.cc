#include "transport/tls_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "transport/tls_peer_test.h"

namespace herald::transport {
namespace {

// What a TLS connection costs besides its socket; jemalloc's next size is 256.
static_assert(sizeof(TlsStream) <= 256);

const std::string kData = "\x17";
const std::string kCloseNotify = "\x15" + std::string("\1\0", 2);

// The operands of + may be evaluated in any order, but the order of sealing counts.
std::string in_order(std::initializer_list<std::string> records) {
  std::string out;
  for (const std::string& record : records) out += record;
  return out;
}

class TlsStreamTest : public testing::Test {
 protected:
  TlsStreamTest() : secrets(make()), peer(*secrets) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    stream = std::make_unique<TlsStream>(fds[0], *secrets);
  }
  ~TlsStreamTest() override {
    close(fds[0]);
    if (fds[1] >= 0) close(fds[1]);
  }

  static std::unique_ptr<TlsSecrets> make() {
    auto secrets = std::make_unique<TlsSecrets>();
    fill_test_secrets(*secrets, TlsSuite::kChaCha20Poly1305Sha256, 1);
    return secrets;
  }

  void arrive(std::string_view bytes) const {
    EXPECT_EQ(::send(fds[1], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // What has been sent to the peer.
  std::string departed() const {
    std::string out;
    std::array<char, 65536> buffer;
    for (ssize_t got = 0; (got = recv(fds[1], buffer.data(), buffer.size(), 0)) > 0;) {
      out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return out;
  }
  // The bytes that one reading gives, or its status.
  std::string read() {
    std::vector<std::uint8_t> into(65536);
    const StreamResult result = stream->read_some(into);
    EXPECT_EQ(result.bytes != 0, result.status == StreamStatus::kOk);
    switch (result.status) {
      case StreamStatus::kOk:
        return std::string(as_text(ByteView(into).first(result.bytes)));
      case StreamStatus::kWantRead:
        return "(wait)";
      case StreamStatus::kEnded:
        return "(end)";
      case StreamStatus::kFailed:
        return "(failed)";
      case StreamStatus::kWantWrite:
        return "(write first)";
    }
    return {};
  }
  // Writes all until the kernel takes no more; what it has not taken.
  std::string_view write(std::string_view bytes) {
    while (!bytes.empty()) {
      const StreamResult result = stream->write_some(bytes, {});
      if (result.status != StreamStatus::kOk) {
        EXPECT_EQ(result.status, StreamStatus::kWantWrite);
        return bytes;
      }
      bytes.remove_prefix(result.bytes);
    }
    return bytes;
  }
  void shrink_send_buffer() const {
    const int least = 1;
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
  }

  std::array<int, 2> fds{};
  std::unique_ptr<TlsSecrets> secrets;
  TlsTestPeer peer;
  std::unique_ptr<TlsStream> stream;
};

TEST_F(TlsStreamTest, ReadsAllRecordsThatAreThere) {
  EXPECT_EQ(read(), "(wait)");
  arrive(in_order({peer.data("one "), peer.data(""), peer.seal(23, "two ", 40), peer.data("three")}));
  EXPECT_EQ(read(), "one two three");
  EXPECT_EQ(read(), "(wait)");
  EXPECT_TRUE(stream->idle());
}

TEST_F(TlsStreamTest, RecordsWithoutContentAreNoNews) {
  arrive(in_order({peer.data(""), peer.key_update(true), peer.data("")}));
  EXPECT_EQ(read(), "(wait)");
  arrive(peer.data("text"));
  EXPECT_EQ(read(), "text");
}

TEST_F(TlsStreamTest, ARecordMayBeSplitAnywhere) {
  for (std::size_t at = 1; at < 5 + kTlsRecordExtraBytes; ++at) {
    const std::string record = peer.data("split");
    arrive(record.substr(0, at));
    EXPECT_EQ(read(), "(wait)");
    EXPECT_FALSE(stream->idle());
    EXPECT_EQ(read(), "(wait)");
    arrive(record.substr(at));
    EXPECT_EQ(read(), "split");
    EXPECT_TRUE(stream->idle());
  }
}

TEST_F(TlsStreamTest, BytesMayComeOneByOne) {
  const std::string records = in_order({peer.data("a"), peer.key_update(false), peer.data("b")});
  std::string all;
  for (const char byte : records) {
    arrive({&byte, 1});
    const std::string now = read();
    if (now != "(wait)") all += now;
  }
  EXPECT_EQ(all, "ab");
  EXPECT_TRUE(stream->idle());
}

TEST_F(TlsStreamTest, WhatIsWholeIsNotHeldBackByWhatIsNot) {
  const std::string first = peer.data("one");
  const std::string second = peer.data("two");
  arrive(first + second.substr(0, 7));
  EXPECT_EQ(read(), "one");
  EXPECT_FALSE(stream->idle());
  arrive(second.substr(7, 1));
  EXPECT_EQ(read(), "(wait)");
  arrive(second.substr(8));
  EXPECT_EQ(read(), "two");
  EXPECT_TRUE(stream->idle());
}

TEST_F(TlsStreamTest, TheLargestRecordsAreRead) {
  const std::string most(kTlsContentMaxBytes, 'm');
  const std::string record = peer.data(most);
  for (std::size_t at = 0; at < record.size(); at += 1000) {
    arrive(record.substr(at, 1000));
    EXPECT_EQ(read(), at + 1000 < record.size() ? "(wait)" : most);
  }
  EXPECT_TRUE(stream->idle());
  arrive(peer.seal(23, "x", kTlsContentMaxBytes - 1));
  EXPECT_EQ(read(), "x");
}

TEST_F(TlsStreamTest, TooLongARecordIsRefusedByItsHeader) {
  arrive(std::string{23, 3, 3, 0x41, 0x01});
  EXPECT_EQ(read(), "(failed)");
  EXPECT_EQ(peer.open_all(departed()), "\x15\2\x16");
}

TEST_F(TlsStreamTest, ALongestRecordThatIsNoneIsRefusedWhenItIsWhole) {
  const std::string record = std::string{23, 3, 3, 0x41, 0x00} + std::string(kTlsRecordMaxBytes - 5, 'x');
  arrive(record.substr(0, record.size() - 1));
  EXPECT_EQ(read(), "(wait)");
  arrive("x");
  EXPECT_EQ(read(), "(failed)");
  EXPECT_EQ(peer.open_all(departed()), "\x15\2\x14");
}

TEST_F(TlsStreamTest, UnprotectedRecordsAreRefused) {
  for (const std::string_view record :
       {std::string_view("\x14\3\3\0\1\1", 6), std::string_view("\x15\3\3\0\2\1\0", 7),
        std::string_view("\x16\3\3\0\5\x18\0\0\1\0", 10), std::string_view("GET / HTTP/1.1\r\n")}) {
    TlsStreamTest::stream = std::make_unique<TlsStream>(fds[0], *secrets);
    TlsTestPeer other(*secrets);
    arrive(record);
    EXPECT_EQ(read(), "(failed)");
    EXPECT_EQ(other.open_all(departed()), "\x15\2\n");
  }
}

TEST_F(TlsStreamTest, TellsTheEndThatCameTogetherWithBytes) {
  arrive(in_order({peer.data("last words"), peer.alert(0), "whatever follows is ignored"}));
  EXPECT_EQ(read(), "last words");
  // Level-triggered waiting sees it, though no byte need be left in the kernel.
  pollfd waiting{fds[0], POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 0), 1);
  EXPECT_EQ(read(), "(end)");
  EXPECT_EQ(read(), "(end)");
  EXPECT_TRUE(stream->idle());
}

TEST_F(TlsStreamTest, ReadsBeforeItFails) {
  std::string bad = in_order({peer.data("good"), peer.data("bad")});
  bad.back() = static_cast<char>(bad.back() ^ 1);
  arrive(bad);
  EXPECT_EQ(read(), "good");
  pollfd waiting{fds[0], POLLIN, 0};
  EXPECT_EQ(poll(&waiting, 1, 0), 1);
  EXPECT_EQ(read(), "(failed)");
  EXPECT_EQ(read(), "(failed)");
  EXPECT_EQ(peer.open_all(departed()), "\x15\2\x14");
  // The alert was the last record.
  EXPECT_EQ(stream->write_some("more", {}).status, StreamStatus::kFailed);
}

TEST_F(TlsStreamTest, AnEndWithoutCloseNotifyCountsBetweenRecordsOnly) {
  shutdown(fds[1], SHUT_WR);
  EXPECT_EQ(read(), "(end)");
}

TEST_F(TlsStreamTest, AnEndInsideARecordIsAFailure) {
  arrive(peer.data("cut").substr(0, 9));
  shutdown(fds[1], SHUT_WR);
  EXPECT_EQ(read(), "(wait)");
  EXPECT_EQ(read(), "(failed)");
}

TEST_F(TlsStreamTest, APeerThatIsGoneIsAFailureAndNoSignal) {
  close(fds[1]);
  fds[1] = -1;
  EXPECT_EQ(stream->write_some("text", {}).status, StreamStatus::kFailed);
  EXPECT_EQ(stream->write_some("text", {}).status, StreamStatus::kFailed);
  EXPECT_TRUE(stream->idle());
  stream->finish();
}

TEST_F(TlsStreamTest, WritesTwoPiecesAsOneRecord) {
  EXPECT_EQ(stream->write_some("one ", "two").bytes, 7U);
  EXPECT_EQ(peer.open_all(departed()), kData + "one two");
  const std::string most(kTlsContentMaxBytes, 'm');
  EXPECT_EQ(stream->write_some("xy", most).bytes, kTlsContentMaxBytes);
  EXPECT_EQ(peer.open_all(departed()), kData + "xy" + most.substr(2));
  EXPECT_EQ(stream->write_some(most + "x", "y").bytes, kTlsContentMaxBytes);
  EXPECT_EQ(peer.open_all(departed()), kData + most);
  EXPECT_TRUE(stream->idle());
}

TEST_F(TlsStreamTest, GoesOnInsideARecordWhenTheKernelHadNoRoom) {
  shrink_send_buffer();
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i) + " ";
  std::string wire;
  std::string_view rest = text;
  int waits = 0;
  while (!(rest = write(rest)).empty()) {
    ++waits;
    EXPECT_FALSE(stream->idle());
    const std::string now = departed();
    ASSERT_FALSE(now.empty());
    wire += now;
  }
  wire += departed();
  EXPECT_GT(waits, 10);
  EXPECT_TRUE(stream->idle());
  std::string arrived;
  while (!wire.empty()) {
    const std::size_t size = tls_record_bytes(as_bytes(wire).first<kTlsHeaderBytes>()).value();
    arrived += peer.open(wire.substr(0, size)).substr(1);
    wire.erase(0, size);
  }
  EXPECT_EQ(arrived, text);
}

TEST_F(TlsStreamTest, MoreBytesMayFollowThoseThatWait) {
  shrink_send_buffer();
  const std::string most(kTlsContentMaxBytes, 'm');
  ASSERT_EQ(stream->write_some(most, {}).status, StreamStatus::kWantWrite);
  std::string wire = departed();
  StreamResult result;
  while ((result = stream->write_some(most, " and more")).status == StreamStatus::kWantWrite) wire += departed();
  EXPECT_EQ(result.bytes, most.size());
  wire += departed();
  EXPECT_EQ(peer.open_all(wire), kData + most);
  EXPECT_EQ(stream->write_some(" and more", {}).bytes, 9U);
  EXPECT_EQ(peer.open_all(departed()), kData + " and more");
}

TEST_F(TlsStreamTest, BytesOfASealedRecordMustNotBeTakenBack) {
  shrink_send_buffer();
  ASSERT_EQ(stream->write_some(std::string(kTlsContentMaxBytes, 'm'), {}).status, StreamStatus::kWantWrite);
  EXPECT_DEATH((void)stream->write_some("fewer", {}), "taken back");
}

TEST_F(TlsStreamTest, AnUpdateThatIsOwedWaitsForTheRecordUnderWay) {
  shrink_send_buffer();
  const std::string most(kTlsContentMaxBytes, 'm');
  ASSERT_EQ(stream->write_some(most, {}).status, StreamStatus::kWantWrite);
  arrive(in_order({peer.key_update(true), peer.data("hello")}));
  EXPECT_EQ(read(), "hello");
  EXPECT_FALSE(stream->idle());
  std::string wire = departed();
  while (stream->write_some(most, {}).status == StreamStatus::kWantWrite) wire += departed();
  wire += departed();
  EXPECT_EQ(peer.open_all(wire), kData + most);
  EXPECT_EQ(stream->write_some("x", {}).bytes, 1U);
  EXPECT_EQ(peer.open_all(departed()), "\x16" + kTestKeyUpdate + kData + "x");
}

TEST_F(TlsStreamTest, SaysGoodbye) {
  EXPECT_EQ(stream->write_some("text", {}).bytes, 4U);
  stream->finish();
  EXPECT_EQ(peer.open_all(departed()), kData + "text" + kCloseNotify);
  // The peer may still send.
  arrive(peer.data("still"));
  EXPECT_EQ(read(), "still");
  // What is wrong with it is told no more.
  arrive(peer.seal(20, "x"));
  EXPECT_EQ(read(), "(failed)");
  EXPECT_EQ(departed(), "");
}

TEST_F(TlsStreamTest, GoodbyeNeverComesInsideARecord) {
  shrink_send_buffer();
  const std::string most(kTlsContentMaxBytes, 'm');
  ASSERT_EQ(stream->write_some(most, {}).status, StreamStatus::kWantWrite);
  stream->finish();
  const std::string wire = departed();
  ASSERT_LT(wire.size(), most.size());
  // The rest of the record and nothing else may follow.
  std::string all = wire;
  while (stream->write_some(most, {}).status == StreamStatus::kWantWrite) all += departed();
  all += departed();
  EXPECT_EQ(peer.open_all(all), kData + most);
}

TEST_F(TlsStreamTest, ANeedlessWriteMakesNoRecord) {
  EXPECT_EQ(stream->write_some({}, {}).bytes, 0U);
  EXPECT_EQ(departed(), "");
}

}  // namespace
}  // namespace herald::transport
