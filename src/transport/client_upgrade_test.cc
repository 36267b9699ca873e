#include "transport/client_upgrade.h"

#include <gtest/gtest.h>

#include "transport/websocket_handshake.h"

namespace herald::transport {
namespace {

using testing::Test;

class Upgrade : public Test {
 protected:
  ClientUpgrade make(std::string subprotocol) {
    SeededRandom random(7);
    return make_upgrade(Url::parse("ws://host:81/p").value(), std::move(subprotocol), {{"X-Extra", "1"}}, random)
        .value();
  }
  static ClientResponse answer_to(const ClientUpgrade& upgrade) {
    ClientResponse out{101,
                       {{"UPGRADE", "WebSocket"},
                        {"Connection", "keep-alive, Upgrade"},
                        {"Sec-WebSocket-Accept", websocket_accept_key(upgrade.key)}},
                       ""};
    if (!upgrade.subprotocol.empty()) out.headers.emplace_back("Sec-WebSocket-Protocol", upgrade.subprotocol);
    return out;
  }
};

TEST_F(Upgrade, RequestHasWhatTheRfcAsks) {
  const ClientUpgrade upgrade = make("push-notification");
  EXPECT_TRUE(is_valid_websocket_key(upgrade.key));
  EXPECT_EQ(upgrade.request,
            "GET /p HTTP/1.1\r\nHost: host:81\r\nUser-Agent: herald\r\nX-Extra: 1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
                upgrade.key + "\r\nSec-WebSocket-Protocol: push-notification\r\n\r\n");
}

TEST_F(Upgrade, RightAnswersAreAccepted) {
  for (const char* const subprotocol : {"", "push-notification"}) {
    const ClientUpgrade upgrade = make(subprotocol);
    const Status checked = check_upgrade(upgrade, answer_to(upgrade));
    EXPECT_TRUE(checked) << checked.error().message;
  }
}

TEST_F(Upgrade, EachMissingOrWrongHeaderIsRefused) {
  const ClientUpgrade upgrade = make("push-notification");
  const ClientResponse good = answer_to(upgrade);
  for (std::size_t i = 0; i < good.headers.size(); ++i) {
    ClientResponse missing = good;
    missing.headers.erase(missing.headers.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(check_upgrade(upgrade, missing)) << good.headers[i].first;
    ClientResponse wrong = good;
    wrong.headers[i].second = "other";
    EXPECT_FALSE(check_upgrade(upgrade, wrong)) << good.headers[i].first;
  }
}

TEST_F(Upgrade, WhatNobodyAskedForIsRefused) {
  const ClientUpgrade upgrade = make("");
  ClientResponse subprotocol = answer_to(upgrade);
  subprotocol.headers.emplace_back("Sec-WebSocket-Protocol", "push-notification");
  EXPECT_FALSE(check_upgrade(upgrade, subprotocol));
  ClientResponse extension = answer_to(upgrade);
  extension.headers.emplace_back("Sec-WebSocket-Extensions", "permessage-deflate");
  EXPECT_FALSE(check_upgrade(upgrade, extension));
}

TEST_F(Upgrade, StatusDecidesTheKindOfARefusal) {
  const ClientUpgrade upgrade = make("");
  for (const auto& [status, kind] : std::vector<std::pair<int, ErrorKind>>{{200, ErrorKind::kInvalid},
                                                                           {400, ErrorKind::kInvalid},
                                                                           {401, ErrorKind::kUnauthorized},
                                                                           {403, ErrorKind::kUnauthorized},
                                                                           {404, ErrorKind::kNotFound},
                                                                           {503, ErrorKind::kUnavailable}}) {
    const Status checked = check_upgrade(upgrade, {status, {}, "because\r\nof this"});
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, kind) << status;
    EXPECT_TRUE(checked.error().message.ends_with(std::to_string(status) + ": because")) << checked.error().message;
  }
}

TEST(ClientRequest, GivenHeadersReplaceTheUsualOnes) {
  const Url url = Url::parse("http://[::1]/x").value();
  EXPECT_EQ(format_request_head("PUT", url, {{"host", "other"}, {"user-agent", "me"}}).value(),
            "PUT /x HTTP/1.1\r\nhost: other\r\nuser-agent: me\r\n\r\n");
  EXPECT_TRUE(format_request_head("GET", url, {}).value().contains("\r\nHost: [::1]\r\n"));
}

TEST(ClientRequest, NothingGivenCanBreakTheFormat) {
  const Url url = Url::parse("http://a/").value();
  for (const char* const method : {"", "GET ", "GET\r\nX:"})
    EXPECT_FALSE(format_request_head(method, url, {})) << method;
  for (const auto& header : ClientHeaders{{"", "v"},
                                          {"a b", "v"},
                                          {"a:", "v"},
                                          {"a\r\n", "v"},
                                          {"a", "v\r\nb: c"},
                                          {"a", "v\nb"},
                                          {"a", std::string("v\0", 2)}})
    EXPECT_FALSE(format_request_head("GET", url, {header})) << header.first << "=" << header.second;
}

}  // namespace
}  // namespace herald::transport
