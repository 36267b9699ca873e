// What a connection of the 2012 flow answers, and every row S1 to S10 of what must be refused (S11 is transport's).

#include "roles/user_agent_ws/device_connection.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "roles/user_agent_ws/test_world.h"

namespace herald::roles::user_agent_ws {
namespace {

using protocol::flow2012::app_id;
using test::Device;
using test::World;
using transport::CloseCode;

constexpr const char* kNotAccepted = R"({ "error": "Token received is not accepted. Please get a valid one" })";
constexpr const char* kNoUa = R"({ "error" : "Could not add UAtoken" })";
constexpr const char* kNoWa = R"({ "error": "Could not add WA" })";
constexpr const char* kNotJson = R"({ "error": "Data received is not a valid JSON package" })";
constexpr const char* kNoMessageType = R"({ "error": "messageType not recognized" })";

std::string url_of(std::string_view watoken, std::string_view key = "") {
  return "https://push.example.com/notify/" + app_id(watoken, key).hex();
}

TEST(DeviceConnection, RegistersInThreeSpellings) {
  World world;
  EXPECT_EQ(Device(world, 1).ask(R"({"command":"register/ua","data":{"uatoken":")" + world.token(1) + "\"}}"), "OK");
  EXPECT_EQ(Device(world, 2).ask(R"({"command":"registerUA","data":{"uatoken":")" + world.token(2) + "\"}}"),
            R"({"status":"REGISTERED","messageType":"registerUA"})");
  EXPECT_EQ(Device(world, 3).ask(R"({"messageType":"registerUA","data":{"uatoken":")" + world.token(3) + "\"}}"),
            R"({"status":"REGISTERED","messageType":"registerUA"})");
}

TEST(DeviceConnection, WritesItsLocationBeforeItReadsWhatIsPending) {
  World world;
  const auto message = world.store_message({1});
  Device device(world);
  device.send(device.register_frame());
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kWebSocket);
  EXPECT_EQ(world.store.page_reads, 0u);
  world.executor.run();
  ASSERT_EQ(device.socket.texts.size(), 2u);
  EXPECT_EQ(device.socket.texts[0], "OK");
  EXPECT_NE(device.socket.texts[1].find(message->id.hex()), std::string::npos);
}

TEST(DeviceConnection, ARepeatedRegistrationIsAnsweredAndMakesNoDuplicate) {
  World world;
  world.store_message({1});
  Device device(world);
  EXPECT_NE(device.ask(device.register_frame()), "OK") << "and a notification";
  EXPECT_EQ(device.ask(device.register_frame()), "OK");
  EXPECT_FALSE(device.socket.closed);
}

TEST(DeviceConnection, RegistersAndUnregistersApps) {
  World world;
  Device device(world);
  device.register_ua();
  EXPECT_EQ(device.ask(device.wa_frame("w")), url_of("w"));
  ASSERT_EQ(world.store.registered.size(), 1u);
  EXPECT_EQ(world.store.registered[0].first.id, app_id("w", ""));
  EXPECT_EQ(world.store.registered[0].second, world.user_agent(1));
  EXPECT_EQ(device.ask(device.wa_frame("w", "unregister/wa")), "OK");
  EXPECT_TRUE(world.store.registered.empty());
  EXPECT_NE(device.ask(device.wa_frame("w", "unregisterWA")).find("UNREGISTERED"), std::string::npos);
}

TEST(DeviceConnection, AnAppNeedsNoRegisterUaBefore) {
  World world;
  Device device(world);
  EXPECT_EQ(device.ask(device.wa_frame("w")), url_of("w"));
  EXPECT_FALSE(world.store.locations.contains(world.user_agent(1))) << "not connected until register/ua";
}

TEST(DeviceConnection, AnAppNeedsNoTokenOnARegisteredConnection) {
  World world;
  Device device(world);
  device.register_ua();
  EXPECT_EQ(device.ask(R"({"data":{"watoken":"w"},"messageType":"registerWA"})"), url_of("w"));
  ASSERT_EQ(world.store.registered.size(), 1u);
  EXPECT_EQ(world.store.registered[0].second, world.user_agent(1));
  EXPECT_NE(device.ask(R"({"data":{"watoken":"w"},"messageType":"unregisterWA"})").find("UNREGISTERED"),
            std::string::npos);
  EXPECT_TRUE(world.store.registered.empty());
  EXPECT_NE(device.ask(R"({"data":{"uatoken":5,"watoken":"w"},"messageType":"registerWA"})").find("not accepted"),
            std::string::npos);
  EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
}

TEST(DeviceConnection, KeepsAnAcceptablePublicKeyAndRefusesOthers) {
  World world;
  Device device(world);
  const auto ask = [&](std::string_view key) {
    return device.ask(R"({"command":"register/wa","data":{"uatoken":")" + world.token(1) +
                      R"(","watoken":"w","pbkbase64":")" + std::string(key) + "\"}}");
  };
  const auto pem = (*PrivateKey::generate(PrivateKey::Algorithm::kEcdsaP256))->public_pem();
  const auto good = to_base64(as_bytes(pem));
  EXPECT_EQ(ask(good), url_of("w", good));
  ASSERT_EQ(world.store.registered.size(), 1u);
  EXPECT_EQ(world.store.registered[0].first.public_key_pem, pem);

  // RSA of 1024 bits, from the protocol's test vectors.
  const std::string small =
      to_base64(as_bytes("-----BEGIN PUBLIC KEY-----\n"
                         "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/cD+49YWt7XLk37WaG0zKCD/O\n"
                         "LKA+u558UDWz/Jaxzv9omoEBIpZ3jG104JOwu4UJvxgCAwhRUc4uNCpxetuj3Mff\n"
                         "sepWTSmx7rHQRCur+plBGcLGxReg+yNNE7U4NINT9Sw7+BGDr55Iy/9qnIS0lUcR\n"
                         "ItXhrddEj1rfFe+gcwIDAQAB\n"
                         "-----END PUBLIC KEY-----\n"));
  for (const auto& bad : {std::string("AAAA"), std::string("%"), small}) EXPECT_EQ(ask(bad), kNoWa);
  EXPECT_EQ(device.ask(R"({"command":"register/wa","data":{"uatoken":")" + world.token(1) +
                       R"(","watoken":"w","pbkbase64":5}})"),
            kNoWa);
  EXPECT_FALSE(device.socket.closed);
  EXPECT_EQ(world.store.registered.size(), 1u);
}

struct Row {
  const char* name;
  const char* frame;  // TOKEN is replaced by a good one
  const char* reply;
  bool closes;
};

class Refused : public testing::TestWithParam<Row> {};

TEST_P(Refused, GetsItsTextAndItsFate) {
  World world;
  Device device(world);
  std::string frame = GetParam().frame;
  if (const auto at = frame.find("TOKEN"); at != std::string::npos) frame.replace(at, 5, world.token(1));
  ASSERT_EQ(device.ask(device.wa_frame("other")), url_of("other")) << "the first frame told the generation";
  EXPECT_EQ(device.ask(frame), GetParam().reply);
  if (GetParam().closes) {
    EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
  } else {
    EXPECT_FALSE(device.socket.closed);
    EXPECT_EQ(device.ask(device.register_frame()), "OK") << "the connection goes on";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Refused,
    testing::Values(
        Row{"S1", "{oops", kNotJson, true},
        Row{"S3", R"({"data":{},"command":"dance"})", R"({ "error": "Command not recognized" })", true},
        Row{"S4", R"({"data":{},"messageType":"dance"})", kNoMessageType, true},
        Row{"S5_bad", R"({"data":{"uatoken":"forged"},"command":"register/ua"})", kNotAccepted, true},
        Row{"S5_missing", R"({"data":{},"command":"register/ua"})", kNotAccepted, true},
        Row{"S5_tampered", R"({"data":{"uatoken":"TOKENx"},"messageType":"registerUA"})", kNotAccepted, true},
        Row{"S6_array", "[]", kNotJson, true}, Row{"S6_number", "5", kNotJson, true},
        Row{"S7", R"({"command":"register/ua","messageType":"registerWA","data":{}})", kNoMessageType, true},
        Row{"S8_missing", R"({"data":{"uatoken":"TOKEN"},"command":"register/wa"})", kNoWa, false},
        Row{"S8_empty", R"({"data":{"uatoken":"TOKEN","watoken":""},"command":"register/wa"})", kNoWa, false},
        Row{"S8_number", R"({"data":{"uatoken":"TOKEN","watoken":5},"command":"register/wa"})", kNoWa, false},
        Row{"S9_bad", R"({"data":{"uatoken":"forged","watoken":"w"},"command":"register/wa"})", kNotAccepted, true},
        Row{"S9_missing", R"({"data":{"watoken":"w"},"messageType":"registerWA"})", kNotAccepted, true},
        Row{"S9_unregister", R"({"data":{"uatoken":"forged","watoken":"w"},"command":"unregister/wa"})", kNotAccepted,
            true},
        Row{"S10_ip", R"({"data":{"uatoken":"TOKEN","interface":{"ip":"nowhere"}},"command":"register/ua"})", kNoUa,
            true},
        Row{"S10_port",
            R"({"data":{"uatoken":"TOKEN","interface":{"ip":"127.0.0.1","port":"0"}},"command":"register/ua"})", kNoUa,
            true},
        Row{"S10_network", R"({"data":{"uatoken":"TOKEN","interface":{"ip":"8.8.8.8"}},"command":"register/ua"})",
            kNoUa, true},
        Row{"ack_bad_token", R"({"command":"ack","data":{"uatoken":"forged","messageId":"1"}})", kNotAccepted, true},
        Row{"ack_unregistered", R"({"messageType":"ack","messageId":"1"})",
            R"({ "error": "No UAToken found for this connection !" })", true},
        Row{"pull_bad_token", R"({"data":{"uatoken":"forged"},"messageType":"getAllMessages"})", kNotAccepted, true}),
    [](const auto& row) { return row.param.name; });

TEST(DeviceConnection, S2BinaryFramesAreRefusedInTheirTurn) {
  World world;
  Device device(world);
  device.send(device.wa_frame("w"));
  device.send_binary();
  world.executor.run();
  EXPECT_EQ(device.take(), url_of("w") + R"( { "error": "Binary messages not yet supported" })");
  EXPECT_EQ(device.socket.closed, CloseCode::kUnsupportedData);
}

TEST(DeviceConnection, AConnectionIsOneDevice) {
  World world;
  Device device(world, 1);
  device.register_ua();
  EXPECT_EQ(device.ask(R"({"command":"register/ua","data":{"uatoken":")" + world.token(2) + "\"}}"), kNotAccepted);
  EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
}

TEST(DeviceConnection, RepliesFollowTheOrderOfTheRequests) {
  World world;
  Device device(world);
  device.send(device.register_frame());
  device.send(device.wa_frame("a"));
  device.send(device.wa_frame(""));
  device.send(device.wa_frame("b"));
  device.send("{oops");
  device.send(device.wa_frame("never"));
  EXPECT_TRUE(device.socket.texts.empty());
  world.executor.run();
  EXPECT_EQ(device.take(), "OK " + url_of("a") + " " + kNoWa + " " + url_of("b") + " " + kNotJson);
  EXPECT_TRUE(device.socket.closed);
  EXPECT_EQ(world.store.registered.size(), 2u);
}

TEST(DeviceConnection, TooManyRequestsAtOnceEndTheConnection) {
  World world;
  Device device(world);
  for (std::size_t n = 0; n <= kRequestsWaitingMax; ++n) device.send(device.wa_frame("w"));
  EXPECT_FALSE(device.socket.closed);
  device.send(device.wa_frame("w"));
  EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
  world.executor.run();
  EXPECT_EQ(world.store.registered.size(), 1u) << "those in line are dropped";
}

TEST(DeviceConnection, TooManyBytesInLineEndTheConnection) {
  World world;
  Device device(world);
  const std::string padding(16'000, ' ');
  for (std::size_t n = 0; n <= kRequestBytesWaitingMax / 16'000 + 1; ++n) device.send(device.wa_frame("w") + padding);
  EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
}

TEST(DeviceConnection, AnAnswerAfterTheEndFindsNobody) {
  World world;
  Device device(world);
  device.send(device.wa_frame("w"));
  device.drop();
  EXPECT_TRUE(device.socket.texts.empty());
}

TEST(DeviceConnection, AStoreFailureIsToldAndCanBeRetried) {
  World world;
  Device device(world);
  world.store.failing = true;
  EXPECT_EQ(device.ask(device.register_frame()), kNoUa);
  EXPECT_EQ(device.ask(device.register_frame(R"(,"interface":{"ip":"127.0.0.1"})")), kNoUa);
  for (const auto kind : {ErrorKind::kUnavailable, ErrorKind::kExhausted}) {
    world.store.register_error = kind;
    EXPECT_EQ(device.ask(device.wa_frame("w")), kNoWa);
  }
  EXPECT_EQ(device.ask(device.wa_frame("w", "unregister/wa")), kNoWa);
  EXPECT_FALSE(device.socket.closed);
  world.store.failing = false;
  EXPECT_EQ(device.ask(device.register_frame()), "OK");
  EXPECT_EQ(device.ask(device.wa_frame("w")), url_of("w"));
}

TEST(DeviceConnection, ADeviceWithAnInterfaceIsAnsweredThenClosed) {
  World world;
  Device device(world);
  EXPECT_EQ(device.ask(device.register_frame(R"(,"interface":{"ip":"127.0.0.1","port":"5001"})")), "OK");
  EXPECT_EQ(device.socket.closed, CloseCode::kNormal);
  const Location asleep{LocationKind::kSleeping, "UDP1", 0, 0};
  EXPECT_EQ(world.store.locations[world.user_agent(1)], asleep);
  EXPECT_EQ(world.store.wakes[world.user_agent(1)], (WakeInterface{"127.0.0.1", 5001}));
  device.drop();
  EXPECT_EQ(world.store.locations[world.user_agent(1)], asleep);
}

TEST(DeviceConnection, GetAllMessagesAnswersAnArrayAndKeepsTheSocketOfAConnectedDevice) {
  World world;
  Device device(world);
  const std::string frame = R"({"data":{"uatoken":")" + world.token(1) + R"("},"messageType":"getAllMessages"})";
  EXPECT_EQ(device.ask(frame), "[]");
  const auto first = world.store_message({1});
  const auto second = world.store_message({1});
  const std::string reply = device.ask(frame);
  EXPECT_LT(reply.find(first->id.hex()), reply.find(second->id.hex()));
  EXPECT_FALSE(device.socket.closed);
  ASSERT_EQ(world.queue.events().size(), 2u);
  EXPECT_EQ(world.queue.events()[0].state, DeliveryState::kSent);
  device.ack_unrecorded(first);
  EXPECT_EQ(device.ask(frame).find(first->id.hex()), std::string::npos) << "acked, though the store is behind";
}

TEST(DeviceConnection, GetAllMessagesLeavesOutWhatExpiredWhileTheStoreWasRead) {
  World world;
  Message dying;
  dying.expires_at = world.clock.wall() + std::chrono::seconds(1);
  const auto short_lived = world.store_message({1}, dying);
  const auto other = world.store_message({1});
  Device device(world);
  device.send(R"({"data":{"uatoken":")" + world.token(1) + R"("},"messageType":"getAllMessages"})");
  world.clock.advance(std::chrono::seconds(1));
  world.executor.run();
  const std::string reply = device.socket.texts.back();
  EXPECT_EQ(reply.find(short_lived->id.hex()), std::string::npos);
  EXPECT_NE(reply.find(other->id.hex()), std::string::npos);
}

TEST(DeviceConnection, GetAllMessagesClosesForASleepingDevice) {
  World world;
  world.store.locations[world.user_agent(1)] = {LocationKind::kSleeping, "UDP1", 0, 0};
  Device device(world);
  EXPECT_EQ(device.ask(R"({"data":{"uatoken":")" + world.token(1) + R"("},"messageType":"getAllMessages"})"), "[]");
  EXPECT_EQ(device.socket.closed, CloseCode::kNormal);
}

TEST(DeviceConnection, GetAllMessagesNeedsNoTokenOnceRegistered) {
  World world;
  Device device(world);
  device.register_ua();
  EXPECT_EQ(device.ask(R"({"messageType":"getAllMessages"})"), "[]");
}

TEST(DeviceConnection, GetAllMessagesWithoutAStoreEndsTheConnection) {
  World world;
  Device device(world);
  device.register_ua();
  world.store.failing = true;
  EXPECT_EQ(device.ask(R"({"messageType":"getAllMessages"})"), "");
  EXPECT_EQ(device.socket.closed, CloseCode::kInternalError);
}

TEST(DeviceConnection, AnArrayStaysWithinTheSendBuffer) {
  Limits limits;
  limits.send_buffer_max_bytes = 16'384;
  World world(limits);
  for (int i = 0; i < 60; ++i) world.store_message({1});
  Device device(world);
  const std::string reply =
      device.ask(R"({"data":{"uatoken":")" + world.token(1) + R"("},"messageType":"getAllMessages"})");
  EXPECT_LT(reply.size(), 16'384u);
  EXPECT_GT(reply.size(), 1'000u);
}

TEST(DeviceConnection, AnAnswerWaitsForTheOneBeforeToBeRead) {
  World world;
  for (int i = 0; i < 3; ++i) world.store_message({1});
  Device device(world);
  device.register_ua();
  device.socket.unsent = 1'000'000;
  const std::size_t before = device.socket.texts.size();
  for (int i = 0; i < 5; ++i) device.send(R"({"messageType":"getAllMessages"})");
  world.executor.run();
  EXPECT_EQ(device.socket.texts.size(), before) << "nothing is answered to a device that does not read";
  device.socket.unsent = 0;
  device.drained();
  world.executor.run();
  EXPECT_EQ(device.socket.texts.size(), before + 5) << "all is answered to one that reads again";
  EXPECT_FALSE(device.socket.closed);
}

TEST(DeviceConnection, AnAckWithItsOwnTokenNeedsNoRegistration) {
  World world;
  const auto message = world.store_message({1});
  Device device(world, 2);
  device.ask(R"({"command":"ack","data":{"uatoken":")" + world.token(1) + R"(","messageId":")" + message->id.hex() +
             "\"}}");
  ASSERT_EQ(world.queue.events().size(), 1u);
  EXPECT_EQ(world.queue.events()[0].user_agent, world.user_agent(1));
  EXPECT_EQ(world.queue.events()[0].state, DeliveryState::kAcked);
  EXPECT_FALSE(device.socket.closed);
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
