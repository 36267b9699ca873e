#include "domain/fair_share.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace herald {
namespace {

// The answer to these pending messages, one letter each: the app's name.
std::string answer(FairShare& share, std::string_view pending) {
  std::uint8_t n = 0;
  for (const char app : pending) {
    Message message;
    message.id.bytes[15] = ++n;
    message.app.bytes.fill(static_cast<std::uint8_t>(app));
    share.offer(std::make_shared<const Message>(std::move(message)));
  }
  std::string given;
  MessageId last;
  for (const auto& message : share.take()) {
    EXPECT_LT(last, message->id);
    last = message->id;
    given += static_cast<char>(message->app.bytes[0]) + std::to_string(message->id.bytes[15]) + " ";
  }
  return given;
}

std::string answer(std::size_t places, std::string_view pending) {
  FairShare share(places);
  return answer(share, pending);
}

TEST(FairShare, WhatFitsIsGivenAsItIs) {
  EXPECT_EQ(answer(4, ""), "");
  EXPECT_EQ(answer(4, "aaab"), "a1 a2 a3 b4 ");
}

TEST(FairShare, OneAppMayHaveAll) {
  EXPECT_EQ(answer(3, "aaaaa"), "a1 a2 a3 ");
}

TEST(FairShare, AnAppBehindManyOfAnotherGetsItsShare) {
  EXPECT_EQ(answer(4, "aaaaaab"), "a1 a2 a3 b7 ");
  EXPECT_EQ(answer(4, "aaaaaabbbb"), "a1 a2 b7 b8 ");
  EXPECT_EQ(answer(4, "aaaabbbbcd"), "a1 b5 c9 d10 ");
}

TEST(FairShare, NothingOfAnAppComesAfterOneOfItsMessagesThatWasLeftOut) {
  EXPECT_EQ(answer(3, "aaabcaaa"), "a1 b4 c5 ");
  EXPECT_EQ(answer(2, "aabca"), "a1 b3 ");
}

TEST(FairShare, ItIsSettledWhenEachPlaceHasAnAppOfItsOwn) {
  FairShare share(2);
  EXPECT_FALSE(share.settled());
  (void)answer(share, "");
  FairShare one_app(2);
  FairShare two_apps(2);
  const auto offer = [](FairShare& to, char app) {
    Message message;
    message.app.bytes.fill(static_cast<std::uint8_t>(app));
    to.offer(std::make_shared<const Message>(std::move(message)));
  };
  for (const char app : {'a', 'a'}) offer(one_app, app);
  EXPECT_FALSE(one_app.settled());
  for (const char app : {'a', 'b'}) offer(two_apps, app);
  EXPECT_TRUE(two_apps.settled());
}

}  // namespace
}  // namespace herald
