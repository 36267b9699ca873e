#include "adapters/rocksdb/cold/record_format.h"

#include <gtest/gtest.h>

namespace herald::adapters {
namespace {

// The worked example of docs/on-disk-format.md: if a line here changes, so must that page, and the version.
class WorkedExample : public testing::Test {
 protected:
  template <class Id>
  [[nodiscard]] static Id id(std::string_view start) {
    Id made;
    const auto bytes = from_hex(start).value();
    std::copy(bytes.begin(), bytes.end(), made.bytes.begin());
    return made;
  }
  [[nodiscard]] static std::string hex(std::string_view bytes) { return to_hex(as_bytes(bytes)); }

  const MessageId message_id_ = id<MessageId>("00060a24181e4000a1b2c3d4e5f60708");
  const UserAgentId user_agent_ = id<UserAgentId>("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf");
  const AppId app_ = id<AppId>("aa01");
  const WallTime accepted_{1'700'000'000'000};
  const WallTime expires_{1'700'003'600'000};
  const ReceiptId subscription_ = id<ReceiptId>("e0e1e2e3e4e5e6e7e8e9eaebecedeeef");
  const std::string subscription_hex_ = "e0e1e2e3e4e5e6e7e8e9eaebecedeeef";
  const std::string app_hex_ = "aa01" + std::string(60, '0');
  const std::string message_hex_ = "00060a24181e4000a1b2c3d4e5f60708";
  const std::string user_agent_hex_ = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf";
  const std::string accepted_hex_ = "0000018bcfe56800";
  const std::string expires_hex_ = "0000018bd01c5680";

  [[nodiscard]] Message message() const {
    return {.id = message_id_,
            .app = app_,
            .priority = Priority::kGathered,
            .kind = PayloadKind::kFlow2012,
            .replace_key = "mail",
            .meta = "",
            .body = "{}",
            .accepted_at = accepted_,
            .expires_at = expires_};
  }
  [[nodiscard]] Receipt receipt() const {
    Receipt receipt = first_receipt(message());
    receipt.routed = true;
    receipt.recipients = 1;
    receipt.acked = 1;
    receipt.end = DeliveryState::kAcked;
    receipt.ended_at = accepted_ + std::chrono::milliseconds(5);
    receipt.deliveries.push_back({.user_agent = user_agent_,
                                  .state = DeliveryState::kAcked,
                                  .routed_at = accepted_ + std::chrono::milliseconds(1),
                                  .sent_at = accepted_ + std::chrono::milliseconds(2),
                                  .final_at = accepted_ + std::chrono::milliseconds(5)});
    return receipt;
  }
};

TEST_F(WorkedExample, Message) {
  EXPECT_EQ(hex(encode_message(message())), "01" + app_hex_ + "02" + accepted_hex_ + expires_hex_ + "000000046d61696c" +
                                                "01" + "00000000" + "000000027b7d");
}

TEST_F(WorkedExample, WebPushMessage) {
  Message sent = message();
  sent.kind = PayloadKind::kWebPush;
  sent.urgency = Urgency::kHigh;
  sent.transient = true;
  sent.receipt = subscription_;
  EXPECT_EQ(hex(encode_message(sent)), "02" + app_hex_ + "02" + accepted_hex_ + expires_hex_ + "000000046d61696c" +
                                           "02" + "00000000" + "000000027b7d" + "03" + "01" + subscription_hex_);
  EXPECT_EQ(hex(receipt_message_key(subscription_, message_id_)), subscription_hex_ + message_hex_);
}

TEST_F(WorkedExample, WebPushReceipt) {
  Receipt sent = receipt();
  sent.subscription = subscription_;
  EXPECT_EQ(hex(encode_receipt(sent)), "02" + app_hex_ + "02" + accepted_hex_ + expires_hex_ + "000000046d61696c" +
                                           "01" + "02" + "0000018bcfe56805" + "0000000000000001" + "0000000000000001" +
                                           "0000000000000000" + subscription_hex_ + user_agent_hex_ + "02" +
                                           "0000018bcfe56801" + "0000018bcfe56802" + "0000018bcfe56805");
}

TEST_F(WorkedExample, Receipt) {
  EXPECT_EQ(hex(encode_receipt(receipt())), "01" + app_hex_ + "02" + accepted_hex_ + expires_hex_ + "000000046d61696c" +
                                                "01" + "02" + "0000018bcfe56805" + "0000000000000001" +
                                                "0000000000000001" + "0000000000000000" + user_agent_hex_ + "02" +
                                                "0000018bcfe56801" + "0000018bcfe56802" + "0000018bcfe56805");
}

TEST_F(WorkedExample, Delivery) {
  EXPECT_EQ(hex(delivery_key(message_id_, user_agent_)), message_hex_ + user_agent_hex_);
  EXPECT_EQ(hex(encode_delivery(receipt().deliveries[0])),
            "0102"
            "0000018bcfe56801"
            "0000018bcfe56802"
            "0000018bcfe56805");
}

TEST_F(WorkedExample, Pending) {
  EXPECT_EQ(hex(pending_key({user_agent_, Priority::kGathered, message_id_})), user_agent_hex_ + "01" + message_hex_);
  EXPECT_EQ(hex(encode_pending({app_, expires_})), "01" + app_hex_ + expires_hex_);
}

TEST_F(WorkedExample, Unrouted) {
  EXPECT_EQ(hex(encode_unrouted({app_, accepted_})), "01" + app_hex_ + accepted_hex_);
}

TEST_F(WorkedExample, Replace) {
  EXPECT_EQ(hex(replace_key(app_, "mail")), app_hex_ + "6d61696c");
  EXPECT_EQ(hex(encode_ids({message_id_})), "01" + message_hex_);
}

TEST_F(WorkedExample, Ends) {
  EXPECT_EQ(hex(ends_key({kExpiryRow, expires_, message_id_})), "45" + expires_hex_ + message_hex_);
  EXPECT_EQ(hex(ends_key({kEndedRow, accepted_ + std::chrono::milliseconds(5), message_id_})),
            "52"
            "0000018bcfe56805" +
                message_hex_);
}

TEST_F(WorkedExample, App) {
  EXPECT_EQ(hex(encode_app({app_, PayloadKind::kWebPush, "PEM"})),
            "0102"
            "00000003"
            "50454d");
  EXPECT_EQ(hex(app_node_key(app_, user_agent_)), app_hex_ + user_agent_hex_);
  EXPECT_EQ(hex(node_app_key(user_agent_, app_)), user_agent_hex_ + app_hex_);
  EXPECT_EQ(hex(app_size_key(app_)), "6170702073697a6520" + app_hex_);
  EXPECT_EQ(hex(encode_count(3)),
            "01"
            "0000000000000003");
  EXPECT_EQ(hex(encode_presence()), "01");
}

TEST_F(WorkedExample, Node) {
  const NodeRecord node{.location = {.kind = LocationKind::kWebSocket, .server = "WS1", .shard = 1, .connection = 7},
                        .wake = WakeInterface{.ip = "10.0.0.1", .port = 5000},
                        .apps = 2};
  EXPECT_EQ(hex(encode_node(node)),
            "0101"
            "00000003"
            "575331"
            "00000001"
            "0000000000000007"
            "00000002"
            "00000008"
            "31302e302e302e31"
            "1388");
  EXPECT_EQ(hex(sleeper_key("UDP1", user_agent_)), "5544503100" + user_agent_hex_);
}

class RecordFormat : public WorkedExample {
 protected:
  // Decoding must refuse each shorter value, and each longer one if `nothing_may_follow`.
  template <class Decode>
  static void refuses_cut_values(const std::string& value, const Decode& decode) {
    ASSERT_TRUE(decode(value));
    for (std::size_t size = 0; size < value.size(); ++size) {
      const auto decoded = decode(value.substr(0, size));
      ASSERT_FALSE(decoded) << size;
      EXPECT_EQ(decoded.error().kind, ErrorKind::kCorrupt);
    }
    EXPECT_FALSE(decode(value + "x"));
    EXPECT_FALSE(decode('\x03' + value.substr(1))) << "an unknown version";
  }
};

TEST_F(RecordFormat, CutValuesAreCorrupt) {
  refuses_cut_values(encode_message(message()), [&](const auto& v) { return decode_message(message_id_, v); });
  refuses_cut_values(encode_delivery(receipt().deliveries[0]),
                     [&](const auto& v) { return decode_delivery(delivery_key(message_id_, user_agent_), v); });
  refuses_cut_values(encode_pending({app_, expires_}), [](const auto& v) { return decode_pending(v); });
  refuses_cut_values(encode_unrouted({app_, accepted_}), [](const auto& v) { return decode_unrouted(v); });
  refuses_cut_values(encode_ids({message_id_}), [](const auto& v) { return decode_ids(v); });
  refuses_cut_values(encode_app({app_, PayloadKind::kWebPush, "PEM"}),
                     [&](const auto& v) { return decode_app(app_, v); });
  refuses_cut_values(encode_count(3), [](const auto& v) { return decode_count(v); });
  NodeRecord node;
  node.location.server = "WS1";
  refuses_cut_values(encode_node(node), [](const auto& v) { return decode_node(v); });
  Receipt no_deliveries = receipt();
  no_deliveries.deliveries.clear();
  refuses_cut_values(encode_receipt(no_deliveries), [&](const auto& v) { return decode_receipt(message_id_, v); });
}

TEST_F(RecordFormat, CutWebPushValuesAreCorrupt) {
  Message sent = message();
  sent.urgency = Urgency::kLow;
  sent.receipt = subscription_;
  refuses_cut_values(encode_message(sent), [&](const auto& v) { return decode_message(message_id_, v); });
  Receipt no_deliveries = receipt();
  no_deliveries.deliveries.clear();
  no_deliveries.subscription = subscription_;
  refuses_cut_values(encode_receipt(no_deliveries), [&](const auto& v) { return decode_receipt(message_id_, v); });
  EXPECT_EQ(first_receipt(message_id_, encode_message(sent))->subscription, subscription_);
  EXPECT_EQ(first_receipt(message_id_, encode_message(message()))->subscription, ReceiptId{});
}

TEST_F(RecordFormat, AReceiptComesBackWhole) {
  Receipt sent = receipt();
  sent.spilled = true;
  sent.dropped = 4;
  const auto back = decode_receipt(message_id_, encode_receipt(sent));
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_receipt(*back), encode_receipt(sent));
  EXPECT_EQ(back->id, sent.id);
  EXPECT_EQ(back->deliveries.at(0).user_agent, user_agent_);
  EXPECT_EQ(back->dropped, 4);
}

TEST_F(RecordFormat, ThePendingRowsOfADeviceStartWithTheOldestOfTheLowestPriority) {
  const auto newer = id<MessageId>("00060a24181e4001");
  const auto key = [&](Priority priority, const MessageId& message) {
    return pending_key({user_agent_, priority, message});
  };
  EXPECT_LT(key(Priority::kPassive, message_id_), key(Priority::kPassive, newer));
  EXPECT_LT(key(Priority::kPassive, newer), key(Priority::kGathered, message_id_));
  EXPECT_LT(key(Priority::kGathered, newer), key(Priority::kRealTime, message_id_));
  const auto decoded = decode_pending_key(key(Priority::kPassive, newer));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->priority, Priority::kPassive);
  EXPECT_EQ(decoded->message, newer);
  EXPECT_EQ(decoded->user_agent, user_agent_);
}

TEST_F(RecordFormat, AKeyWithAnUnknownLaneIsCorrupt) {
  std::string key = pending_key({user_agent_, Priority::kRealTime, message_id_});
  key[16] = 9;
  EXPECT_EQ(decode_pending_key(key).error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace herald::adapters
