#include "protocol/user_agent/flow2012/ua_token.h"

#include <gtest/gtest.h>

#include <set>

namespace herald::protocol::flow2012 {
namespace {

std::vector<std::uint8_t> key(std::uint8_t fill) {
  return std::vector<std::uint8_t>(32, fill);
}

UserAgentId user_agent(std::uint8_t fill) {
  UserAgentId id;
  id.bytes.fill(fill);
  return id;
}

class UaTokenTest : public testing::Test {
 protected:
  UaTokens tokens{{key(1)}};
  SeededRandom random{7};

  void expect_refused(const std::string& token) {
    const auto result = tokens.verify(token);
    ASSERT_FALSE(result.has_value()) << token;
    EXPECT_EQ(result.error().kind, ErrorKind::kUnauthorized);
  }
};

TEST_F(UaTokenTest, AnIssuedTokenNamesItsUserAgent) {
  const std::string token = tokens.issue(random);
  const auto id = tokens.verify(token);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(tokens.token_of(*id), token);
}

TEST_F(UaTokenTest, IssuesDifferentTokens) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(tokens.issue(random));
  EXPECT_EQ(seen.size(), 100U);
}

TEST_F(UaTokenTest, IsSafeInUrlsAndJson) {
  const std::string token = tokens.token_of(user_agent(0xFB));
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_LE(token.size(), 64U);
}

TEST_F(UaTokenTest, RefusesEveryChangedCharacter) {
  const std::string token = tokens.issue(random);
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char other : {'A', 'B', 'z', '9', '-', '_', '=', '+', '\0', '\x80'}) {
      std::string changed = token;
      if (changed[i] == other) continue;
      changed[i] = other;
      expect_refused(changed);
    }
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = token;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      expect_refused(changed);
    }
  }
}

TEST_F(UaTokenTest, RefusesEveryTruncationAndExtension) {
  const std::string token = tokens.issue(random);
  for (std::size_t size = 0; size < token.size(); ++size) expect_refused(token.substr(0, size));
  expect_refused(token + "A");
  expect_refused(token + "==");
  expect_refused(token + token);
  expect_refused(std::string(100'000, 'A'));
}

// The July 2012 server's token, whole and damaged: of another server either way (docs/protocols.md).
TEST_F(UaTokenTest, RefusesTokensOfThe2012Server) {
  const std::string old =
      "e0d398517adb5945feac758e276a7b77d040c9f7a9b77555ec75e56374996232c30b3b084a11f4521f1a1ac617286d0087609b8a8f1c4214"
      "e9ad11034b3ddd718803221251b1cd55899f439aeea522781edae88bbac76240f2aaac75122986c2faa3e3755fcfbd7bb7233602f353de9c"
      "de57ebc06d2da6d5f37c9a452a30f18099104fe8b2dffe61f8930cafd63a4403";
  ASSERT_EQ(old.size(), 288U);
  expect_refused(old);
  expect_refused(old.substr(0, 287));
  expect_refused("zz" + old.substr(2));
  expect_refused("null");
}

TEST_F(UaTokenTest, RefusesTokensOfAnotherKey) {
  expect_refused(UaTokens({key(2)}).issue(random));
}

TEST_F(UaTokenTest, RotationKeepsOldTokensUntilTheirKeyGoes) {
  const std::string old = tokens.token_of(user_agent(5));
  const UaTokens both({key(2), key(1)});
  ASSERT_TRUE(both.verify(old).has_value());
  EXPECT_EQ(*both.verify(old), user_agent(5));

  const std::string fresh = both.token_of(user_agent(5));
  EXPECT_NE(fresh, old);
  const UaTokens after({key(2)});
  EXPECT_TRUE(after.verify(fresh).has_value());
  EXPECT_FALSE(after.verify(old).has_value());
}

}  // namespace
}  // namespace herald::protocol::flow2012
