#include "protocol/user_agent/generation.h"

#include <gtest/gtest.h>

namespace herald::protocol {
namespace {

FirstFrame sort(std::string_view text, bool subprotocol = false) {
  return sort_first_frame(text, subprotocol, Limits{});
}

TEST(Generation, TheClientsOfEachGenerationAreTold) {
  EXPECT_EQ(sort(R"({"data":{"uatoken":"T"},"command":"register/ua"})"), FirstFrame::kFlow2012);
  EXPECT_EQ(sort(R"({"data":{"uatoken":"T"},"messageType":"registerUA"})"), FirstFrame::kFlow2012);
  EXPECT_EQ(sort(R"({"messageType":"getAllMessages"})"), FirstFrame::kFlow2012);
  EXPECT_EQ(sort(R"({"messageType":"ack","messageId":"00"})"), FirstFrame::kFlow2012);
  EXPECT_EQ(sort(R"({"messageType":"hello","uaid":null,"channelIDs":[]})"), FirstFrame::kSimplePush);
  EXPECT_EQ(sort(R"({"messageType":"hello","wakeup_hostport":{}})"), FirstFrame::kSimplePush);
  EXPECT_EQ(sort(R"({"messageType":"hello","broadcasts":{},"use_webpush":true})"), FirstFrame::kWebPush) << "Firefox";
  EXPECT_EQ(sort(R"({"messageType":"hello","use_webpush":true,"channelIDs":["a"]})"), FirstFrame::kWebPush)
      << "a client that lists its channels but wants payloads";
  EXPECT_EQ(sort(R"({"messageType":"hello","uaid":"U"})"), FirstFrame::kWebPush) << "KDE";
}

TEST(Generation, UseWebpushMustBeTrueToDecide) {
  EXPECT_EQ(sort(R"({"messageType":"hello","use_webpush":false,"channelIDs":[]})"), FirstFrame::kSimplePush);
  EXPECT_EQ(sort(R"({"messageType":"hello","use_webpush":"true","channelIDs":[]})"), FirstFrame::kSimplePush);
  EXPECT_EQ(sort(R"({"messageType":"hello","channelIDs":"none"})"), FirstFrame::kWebPush) << "not an array";
}

// Devices of Telefónica's server, v1.3, list no channels until they have some.
TEST(Generation, OnTheSubprotocolAHelloThatDoesNotAskForWebPushIsSimplePush) {
  for (const auto* text :
       {R"({"messageType":"hello"})", R"({"messageType":"hello","uaid":null})", R"({"messageType":"hello","uaid":"U"})",
        R"({"messageType":"hello","use_webpush":false})", R"({"messageType":"hello","channelIDs":"none"})"}) {
    EXPECT_EQ(sort(text, true), FirstFrame::kSimplePush) << text;
    EXPECT_EQ(sort(text, false), FirstFrame::kWebPush) << text;
  }
  EXPECT_EQ(sort(R"({"messageType":"hello","broadcasts":{},"use_webpush":true})", true), FirstFrame::kWebPush);
  EXPECT_EQ(sort(R"({"messageType":"registerUA"})", true), FirstFrame::kFlow2012);
  EXPECT_EQ(sort("{}", true), FirstFrame::kWebPush);
}

TEST(Generation, WhatNobodyKnowsGoesToTheNewest) {
  for (const auto* text :
       {"{}", R"({"messageType":"ping"})", R"({"messageType":"register","channelID":"x"})",
        R"({"messageType":"ack","updates":[]})", R"({"messageType":"dance"})", R"({"messageType":5})"}) {
    EXPECT_EQ(sort(text), FirstFrame::kWebPush) << text;
  }
}

TEST(Generation, TextThatIsNoObjectTellsNothing) {
  for (const auto* text : {"", "{oops", "[]", "5", "null", R"("hello")", R"({"a":1,"a":2})"}) {
    EXPECT_EQ(sort(text), FirstFrame::kUnreadable) << text;
  }
}

}  // namespace
}  // namespace herald::protocol
