#include "protocol/queue/envelope.h"

#include <gtest/gtest.h>

#include <functional>

namespace herald::protocol::queue {
namespace {

template <class Id>
Id filled(std::uint8_t first) {
  Id id;
  for (auto& byte : id.bytes) byte = first++;
  return id;
}

const NewMessage kNew{filled<MessageId>(0x10), filled<AppId>(0x40), Priority::kGathered, {1'700'000'060'000}};
const Deliver kDeliver{kNew.message,
                       kNew.app,
                       Priority::kPassive,
                       {-1},
                       {{filled<UserAgentId>(0x80), 0}, {filled<UserAgentId>(0x90), 0xFFFFFFFF}}};
const TakenOver kTaken{filled<UserAgentId>(0xA0), 3, 0x0102030405060708};
const Deliveries kDeliveries{
    {{kNew.message, filled<UserAgentId>(0x80), DeliveryState::kSent, {1'700'000'000'000}, {1'700'000'000'001}},
     {kNew.message, filled<UserAgentId>(0x90), DeliveryState::kAcked, {0}, {1'700'000'000'002}}}};

using Decodes = std::function<bool(std::string_view)>;
const Decodes kAsNew = [](std::string_view body) { return decode_new_message(body).has_value(); };
const Decodes kForServer = [](std::string_view body) { return decode_for_server(body).has_value(); };
const Decodes kAsDeliveries = [](std::string_view body) { return decode_deliveries(body).has_value(); };

struct Case {
  std::string body;
  Decodes decodes;
};

std::vector<Case> cases() {
  return {{encode(kNew), kAsNew},
          {encode(kDeliver), kForServer},
          {encode(kTaken), kForServer},
          {encode(kDeliveries), kAsDeliveries}};
}

void expect_same(const NewMessage& a, const NewMessage& b) {
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.app, b.app);
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.expires_at, b.expires_at);
}

void expect_same(const Deliver& a, const Deliver& b) {
  expect_same(NewMessage{a.message, a.app, a.priority, a.expires_at}, {b.message, b.app, b.priority, b.expires_at});
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (std::size_t i = 0; i < a.targets.size(); ++i) {
    EXPECT_EQ(a.targets[i].user_agent, b.targets[i].user_agent);
    EXPECT_EQ(a.targets[i].shard, b.targets[i].shard);
  }
}

TEST(Envelope, NewMessageRoundTrip) {
  const auto decoded = decode_new_message(encode(kNew));
  ASSERT_TRUE(decoded.has_value());
  expect_same(*decoded, kNew);
}

TEST(Envelope, DeliverRoundTrip) {
  const auto decoded = decode_for_server(encode(kDeliver));
  ASSERT_TRUE(decoded.has_value());
  expect_same(std::get<Deliver>(*decoded), kDeliver);
}

TEST(Envelope, TakenOverRoundTrip) {
  const auto decoded = decode_for_server(encode(kTaken));
  ASSERT_TRUE(decoded.has_value());
  const auto& taken = std::get<TakenOver>(*decoded);
  EXPECT_EQ(taken.user_agent, kTaken.user_agent);
  EXPECT_EQ(taken.shard, kTaken.shard);
  EXPECT_EQ(taken.connection, kTaken.connection);
}

TEST(Envelope, DeliveriesRoundTrip) {
  const auto decoded = decode_deliveries(encode(kDeliveries));
  ASSERT_TRUE(decoded.has_value());
  ASSERT_EQ(decoded->events.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(decoded->events[i].message, kDeliveries.events[i].message);
    EXPECT_EQ(decoded->events[i].user_agent, kDeliveries.events[i].user_agent);
    EXPECT_EQ(decoded->events[i].state, kDeliveries.events[i].state);
    EXPECT_EQ(decoded->events[i].sent_at, kDeliveries.events[i].sent_at);
    EXPECT_EQ(decoded->events[i].at, kDeliveries.events[i].at);
  }
  EXPECT_TRUE(decode_deliveries(encode(Deliveries{}))->events.empty());
}

// The worked examples of docs/queues.md.
TEST(Envelope, TheDocumentedBytes) {
  EXPECT_EQ(to_hex(as_bytes(encode(kNew))),
            "4e010039"
            "101112131415161718191a1b1c1d1e1f"
            "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
            "02"
            "0000018bcfe65260");
  EXPECT_EQ(to_hex(as_bytes(encode(kTaken))), "5401001ca0a1a2a3a4a5a6a7a8a9aaabacadaeaf000000030102030405060708");
  const Deliver deliver{kNew.message,
                        kNew.app,
                        kNew.priority,
                        kNew.expires_at,
                        {{filled<UserAgentId>(0x80), 0}, {filled<UserAgentId>(0x90), 1}}};
  EXPECT_EQ(to_hex(as_bytes(encode(deliver))),
            "44010039"
            "101112131415161718191a1b1c1d1e1f"
            "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
            "020000018bcfe65260"
            "001400000002"
            "808182838485868788898a8b8c8d8e8f00000000"
            "909192939495969798999a9b9c9d9e9f00000001");
  EXPECT_EQ(to_hex(as_bytes(encode(Deliveries{{kDeliveries.events[0]}}))),
            "45010000"
            "003100000001"
            "101112131415161718191a1b1c1d1e1f"
            "808182838485868788898a8b8c8d8e8f"
            "01"
            "0000018bcfe56800"
            "0000018bcfe56801");
}

TEST(Envelope, RefusesEveryTruncation) {
  for (const Case& one : cases()) {
    EXPECT_TRUE(one.decodes(one.body));
    for (std::size_t size = 0; size < one.body.size(); ++size) {
      EXPECT_FALSE(one.decodes(one.body.substr(0, size))) << one.body[0] << " at " << size;
    }
  }
}

TEST(Envelope, SkipsWhatANewerWriterPutsAtTheEnd) {
  for (const Case& one : cases()) EXPECT_TRUE(one.decodes(one.body + "newer"));
}

TEST(Envelope, SkipsFieldsANewerWriterAddsToTheFixedPart) {
  for (const Case& one : cases()) {
    std::string newer = one.body;
    const std::size_t fixed_size = static_cast<std::uint8_t>(newer[3]);
    newer.insert(4 + fixed_size, "xyz");
    newer[3] = static_cast<char>(fixed_size + 3);
    EXPECT_TRUE(one.decodes(newer)) << one.body[0];
  }
}

TEST(Envelope, SkipsFieldsANewerWriterAddsToEntries) {
  std::string newer = encode(kDeliver);
  const std::size_t list = 4 + 57;
  newer.insert(list + 6 + 20, "x");
  newer.insert(list + 6 + 41, "y");
  newer[list + 1] = 21;
  const auto decoded = decode_for_server(newer);
  ASSERT_TRUE(decoded.has_value());
  expect_same(std::get<Deliver>(*decoded), kDeliver);
}

TEST(Envelope, RefusesOtherVersionsAndKinds) {
  for (const Case& one : cases()) {
    for (const char version : {'\0', '\x02', '\xFF'}) {
      std::string other = one.body;
      other[1] = version;
      EXPECT_FALSE(one.decodes(other));
    }
    std::string other = one.body;
    other[0] = 'X';
    EXPECT_FALSE(one.decodes(other));
  }
  EXPECT_FALSE(kAsNew(encode(kDeliver)));
  EXPECT_FALSE(kForServer(encode(kNew)));
  EXPECT_FALSE(kAsDeliveries(encode(kTaken)));
  EXPECT_EQ(decode_new_message("").error().kind, ErrorKind::kInvalid);
}

TEST(Envelope, RefusesValuesOutsideTheirRange) {
  for (const char priority : {'\0', '\x04'}) {
    std::string body = encode(kNew);
    body[4 + 48] = priority;
    EXPECT_FALSE(kAsNew(body));
  }
  for (const char state : {'\0', '\x03', '\x07'}) {
    std::string body = encode(kDeliveries);
    body[4 + 6 + 32] = state;
    EXPECT_FALSE(kAsDeliveries(body));
  }
}

TEST(Envelope, RefusesCountsThatTheBodyDoesNotHold) {
  std::string huge = encode(kDeliver);
  for (std::size_t i = 2; i < 6; ++i) huge[4 + 57 + i] = '\xFF';
  EXPECT_FALSE(kForServer(huge));
  huge[4 + 57] = huge[4 + 57 + 1] = '\0';
  EXPECT_FALSE(kForServer(huge));
  std::string narrow = encode(kDeliver);
  narrow[4 + 57 + 1] = 19;
  EXPECT_FALSE(kForServer(narrow));
}

}  // namespace
}  // namespace herald::protocol::queue
