#include "protocol/app_server/webpush/vapid.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"

namespace herald::protocol::webpush {
namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr std::string_view kOrigin = "https://push.example.com";
constexpr std::string_view kHeader = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.";
constexpr std::string_view kKeyA =
    "BHaua9FjTgFEve4UZM4B3ybm2X--1A9cJ0aOJW167zhTpaPpa1fHEWC4wpPYQUxCeQKkRAky5iTVzXqXuBgA5R8";
constexpr std::string_view kKeyB =
    "BGDZPRsVGn3K4M4dmkcP9aoybWnf2FDMWys3X9ezPU7VRqCLHg6oEC95RelUJ7Aa7X_pIeoDGjR2fn7esz7v184";
// exp +12 h.
constexpr std::string_view kGood =
    "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwNDMyMDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS5jb20ifQ."
    "WKUPKBI9_ETSBkfaG8I9wFaWdUelE6MS29882sDgTHCk25TsXzn-3R16FGVmeMW2Zw0c7DeCFFhTVdmppiTT-A";

VapidClaim claim(std::string token, std::string_view key = kKeyA) {
  return {std::move(token), *from_base64url(key)};
}
auto check(std::string_view rest, std::string_view key = kKeyA, WallTime now = kNow) {
  return check_vapid(claim(std::string(kHeader) + std::string(rest), key), kOrigin, now, {});
}
void expect_refused(const std::expected<VapidToken, Refusal>& outcome, std::string_view message) {
  ASSERT_FALSE(outcome) << message;
  EXPECT_EQ(outcome.error().status, 401);
  EXPECT_EQ(outcome.error().number, Errno::kUnauthorized);
  EXPECT_TRUE(outcome.error().message.starts_with(message)) << outcome.error().message;
}

TEST(Vapid, AcceptsTheRfcsExampleOnItsDay) {
  const auto rfc = claim(
      "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."
      "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6"
      "Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_"
      "HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSS"
      "HzvoD1oA",
      "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs");
  const auto token = check_vapid(rfc, "https://push.example.net", {1'453'480'000'000}, {});
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->expires_s, 1'453'523'768);
  EXPECT_EQ(token->subject, "mailto:push@example.com");
  expect_refused(check_vapid(rfc, "https://push.example.net", kNow, {}), "Invalid VAPID token: it has expired");
}

TEST(Vapid, AcceptsWhatItShould) {
  const auto good = check(kGood);
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->expires_s, 1'700'043'200);
  EXPECT_EQ(good->audiences, std::vector<std::string>{std::string(kOrigin)});
  for (
      const std::string_view token :
      {// no sub
       "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwNDMyMDB9.vLsbeSUtg3ftUHTGuJVSMJJ__"
       "zeWKTFRFAolTUSm6FRyEC0xYB2QtrSpa98EuSMSAgbWW5_WO2zMtLM7dZBYIQ",
       // exp exactly +24 h
       "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwODY0MDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS5jb20ifQ"
       ".rOlpUyZkEjRBmMMQkRV8UtT7a6Mkb9ukwsSQ8f8bQE0Sa99iMnAfqpHct9bLbMxsbMUVjI_tuzcZCydV5M_VJw",
       // aud array
       "eyJhdWQiOlsiaHR0cHM6Ly9wdXNoLmV4YW1wbGUuY29tIiwiaHR0cHM6Ly9hbHQuZXhhbXBsZS5jb20iXSwiZXhwIjoxNzAwMDQzMjAwLCJzdWI"
       "iOiJtYWlsdG86b3BzQGV4YW1wbGUuY29tIn0.Yp5bgsfY8t7wvDM6LajdbPYrRbI-Z4E6pEBsQgVxsEP8P9xh8NDn3nwDEIEsQe79XnvBk2AUlY"
       "yCAvG5MRphcQ"}) {
    const auto checked = check(token);
    EXPECT_TRUE(checked) << checked.error().message;
  }
}

// webpush-http.md §9.5, H16
TEST(Vapid, RefusesWhatItShould) {
  struct Case {
    std::string_view token;
    std::string_view message;
  };
  for (const auto& [token, message] : {
           // exp +25 h
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwOTAwMDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS"
                "5jb20ifQ.nkHCn9oiozdcxFwJ82JxxHxgflSM7rI4UMv6L2umpwS9HhTp3rfObRGOAj149YxMiLr-akKi4l57sLprvXp0Mg",
                "The VAPID token expiration is too long"},
           // expired 1 h
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE2OTk5OTY0MDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS"
                "5jb20ifQ.i2s-rCCQCv0K6brWXkS4tu019y_ynWd1SRET3DRAsraGP6mSH5G7vL8R7NVpQYZlhAdMNhW-x1QkJE0tHTKoqg",
                "Invalid VAPID token: it has expired"},
           // other aud
           Case{"eyJhdWQiOiJodHRwczovL290aGVyLmV4YW1wbGUubmV0IiwiZXhwIjoxNzAwMDQzMjAwLCJzdWIiOiJtYWlsdG86b3BzQGV4YW1wbG"
                "UuY29tIn0.3NGKS7ycDMr2dMnn19yvekltt3DOIuWD4NuGb_JmNySZJTUuMBrqL1gpBW97wqGFYEVzQS6eB8aM2XfVIcyxOQ",
                "Invalid VAPID audience"},
           // aud with path
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20vd3B1c2gvdjIveCIsImV4cCI6MTcwMDA0MzIwMCwic3ViIjoibWFpbHRvOm"
                "9wc0BleGFtcGxlLmNvbSJ9.ubJdoBp6pJ0v3bzP7PA7vLXkGavuC93NyVKM0fOb92eDec7piVRXDWgqfWFLak-hVxrm_N3xI0-"
                "3MyEUh3WHSQ",
                "Invalid VAPID audience"},
           // no exp
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJzdWIiOiJtYWlsdG86b3BzQGV4YW1wbGUuY29tIn0.fR_"
                "bQ58w7o6NhzXiC-HPjEY3EQ_WJ5YnBDQ5-WOc0XJgoMAJKD78-WsBieoLjbiaArGmjzHmtE98dKeYknB5pA",
                "Invalid VAPID token: exp"},
           // exp as text
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOiIxNzAwMDQzMjAwIiwic3ViIjoibWFpbHRvOm9wc0BleGFtcG"
                "xlLmNvbSJ9.GfgJcztmF4st26fj-qhemrb_TGDOL6QDAAI3TFrcMd8mxJLWfsR3O2PYTXKwSG2Fo1seJ_S4JINEgFkR_o67Tw",
                "Invalid VAPID token: exp"},
           // DER signature
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwNDMyMDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS"
                "5jb20ifQ.MEUCIFilDygSPfxE0gZH2hvCPcBWlnVHpROjEtvfPNrA4ExwAiEApNuU7F85_"
                "t0dehRlZnjFtmcNHOw3ghRYU1XZqaYk0_g",
                "Invalid VAPID token: the signature"},
           // signed by B
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwNDMyMDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS"
                "5jb20ifQ.kvaNIoltOZ-w-ztPbp9AzAmVYWTG9eHLwZowPfFP6MUfxbtww9yty7acALP2PYtK2i8yBKK0y1YrhG9CBkcHqw",
                "Invalid VAPID token: the signature"},
           // altered payload: 1700043201
           Case{"eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3MDAwNDMyMDEsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS"
                "5jb20ifQ.WKUPKBI9_ETSBkfaG8I9wFaWdUelE6MS29882sDgTHCk25TsXzn-3R16FGVmeMW2Zw0c7DeCFFhTVdmppiTT-A",
                "Invalid VAPID token: the signature"},
       }) {
    expect_refused(check(token), message);
  }
}

TEST(Vapid, RefusesOtherAlgorithms) {
  // none
  expect_refused(
      check_vapid(claim("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3M"
                        "DAwNDMyMDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS5jb20ifQ."),
                  kOrigin, kNow, {}),
      "Invalid VAPID token: the algorithm");
  // HS256 keyed with the public key
  expect_refused(
      check_vapid(claim("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5jb20iLCJleHAiOjE3M"
                        "DAwNDMyMDAsInN1YiI6Im1haWx0bzpvcHNAZXhhbXBsZS5jb20ifQ.p6hYh_4EfQkMTyJmdzvkhwe3A6wstaz0NO4S0-"
                        "cWMyg"),
                  kOrigin, kNow, {}),
      "Invalid VAPID token: the algorithm");
  for (const char* token : {"", ".", "..", "a.b", "a.b.c.d", "e30.e30.", "!.!.!"}) {
    expect_refused(check_vapid(claim(token), kOrigin, kNow, {}), "Invalid VAPID token");
  }
}

TEST(Vapid, ToleratesASmallSkewOnBothSides) {
  const WallTime expiry{1'700'043'200'000};
  EXPECT_TRUE(check(kGood, kKeyA, expiry));
  EXPECT_TRUE(check(kGood, kKeyA, expiry + std::chrono::seconds(60)));
  expect_refused(check(kGood, kKeyA, expiry + std::chrono::seconds(61)), "Invalid VAPID token: it has expired");
  const WallTime earliest = expiry - std::chrono::hours(24);
  EXPECT_TRUE(check(kGood, kKeyA, earliest - std::chrono::seconds(60)));
  expect_refused(check(kGood, kKeyA, earliest - std::chrono::seconds(61)), "The VAPID token expiration is too long");
}

TEST(Vapid, MakesWhatItAccepts) {
  const auto key = P256PrivateKey::from_scalar(sha256(as_bytes("push-test-vapid-A")));
  EXPECT_EQ(to_base64url((*key)->point()), kKeyA);
  const std::string value = make_vapid(**key, kOrigin, "mailto:ops@example.com", 1'700'043'200);
  const std::vector<HeaderList::Field> fields{{"authorization", value}};
  const auto read = parse_vapid(HeaderList(fields));
  ASSERT_TRUE(read && *read);
  const auto token = check_vapid(**read, kOrigin, kNow, {});
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->subject, "mailto:ops@example.com");
}

// What a token with that `aud` is answered by a server at `origin`; empty: it is accepted.
std::string answer_to(std::string_view audience, std::string_view origin) {
  const auto key = P256PrivateKey::from_scalar(sha256(as_bytes("push-test-vapid-A")));
  const std::string value = make_vapid(**key, audience, "", 1'700'043'200);
  const std::vector<HeaderList::Field> fields{{"authorization", value}};
  const auto token = check_vapid(**parse_vapid(HeaderList(fields)), origin, kNow, {});
  if (token) return "";
  EXPECT_EQ(token.error().status, 401);
  return token.error().message;
}

TEST(Vapid, ComparesOriginsParsed) {
  for (const std::string_view audience :
       {"https://push.example.com:443", "HTTPS://Push.Example.Com", "https://push.example.com:0443"}) {
    EXPECT_EQ(answer_to(audience, kOrigin), "") << audience;
  }
  constexpr std::string_view kUnicode = "https://b\u00fccher.example";
  constexpr std::string_view kAscii = "https://xn--bcher-kva.example";
  EXPECT_EQ(answer_to(kUnicode, kAscii), "");
  EXPECT_EQ(answer_to(kAscii, kUnicode), "");
  EXPECT_EQ(answer_to("http://[0:0::1]:8080", "http://[::1]:8080"), "");
  EXPECT_NE(answer_to("http://push.example.com", kOrigin), "");
  EXPECT_NE(answer_to("push.example.com", kOrigin), "");
}

TEST(Vapid, ExplainsAWrongAudience) {
  EXPECT_EQ(answer_to("https://other.example", kOrigin),
            "Invalid VAPID audience: aud is \"https://other.example\", this server is \"https://push.example.com\"");
  constexpr std::string_view kPort = "https://push.example.com:8443";
  EXPECT_NE(answer_to(kOrigin, kPort).find("The port belongs to the origin"), std::string::npos);
  EXPECT_EQ(answer_to("https://push.example.com:9000", kPort).find("The port belongs"), std::string::npos);
  EXPECT_NE(answer_to("https://push.example.com/", kOrigin).find("the origin alone"), std::string::npos);
  EXPECT_LT(answer_to("https://" + std::string(5'000, 'a'), kOrigin).size(), 250U);
  std::string umlauts = "https://x";
  for (int n = 0; n < 100; ++n) umlauts += "\u00fc";
  EXPECT_TRUE(is_valid_utf8(answer_to(umlauts, kOrigin)));
}

std::expected<std::optional<VapidClaim>, Refusal> parse(std::string_view authorization,
                                                        std::string_view crypto_key = "") {
  std::vector<HeaderList::Field> fields{{"Authorization", authorization}};
  if (!crypto_key.empty()) fields.emplace_back("Crypto-Key", crypto_key);
  return parse_vapid(HeaderList(fields));
}

TEST(VapidHeader, ReadsEverySpelling) {
  const std::string t = std::string(kHeader) + std::string(kGood);
  const std::string k(kKeyA);
  for (const std::string& spelling :
       {"vapid t=" + t + ",k=" + k, "vapid t=" + t + ", k=" + k, "vapid k=" + k + ",t=" + t, "Vapid t=" + t + ",k=" + k,
        "vapid t=\"" + t + "\",k=\"" + k + "\",x=1", "vapid t=" + t + ",k=" + k + "=", "vapid  T=" + t + " , K=" + k,
        "vapid t=" + t + ",k=" + k + ",lonely"}) {
    const auto read = parse(spelling);
    ASSERT_TRUE(read && *read) << spelling;
    EXPECT_EQ((*read)->token, t);
    EXPECT_EQ(to_base64url((*read)->key), k);
  }
  EXPECT_EQ(parse_vapid(HeaderList({}))->has_value(), false);
}

TEST(VapidHeader, ReadsTheDraftsForm) {
  for (const char* scheme : {"WebPush ", "Bearer ", "webpush "}) {
    const auto read = parse(scheme + std::string("a.b.c"), "dh=BQ;p256ecdsa=" + std::string(kKeyA));
    ASSERT_TRUE(read && *read) << scheme;
    EXPECT_EQ((*read)->token, "a.b.c");
    EXPECT_EQ(to_base64url((*read)->key), kKeyA);
  }
}

TEST(VapidHeader, SaysWhatIsWrong) {
  const std::string k(kKeyA);
  struct Case {
    std::string authorization;
    std::string crypto_key;
    int status;
    std::string_view message;
  };
  for (const auto& [authorization, crypto_key, status, message] :
       {Case{"Basic dXNlcjpwYXNz", "", 401, "Unknown auth scheme"}, Case{"", "", 401, "Unknown auth scheme"},
        Case{"vapid", "", 401, "Missing VAPID token"}, Case{"vapid k=" + k, "", 401, "Missing VAPID token"},
        Case{"vapid t=a.b.c", "", 401, "Missing VAPID public key"},
        Case{"vapid t=a.b.c,k=", "", 401, "Missing VAPID public key"},
        Case{"vapid t=a.b.c,k=%%%", "", 401, "Invalid VAPID public key"},
        Case{"vapid t=a.b.c,k=BAAA", "", 401, "Invalid VAPID public key"},
        Case{"WebPush a.b.c", "", 400, "Missing Crypto-Key header"},
        Case{"WebPush a.b.c", "nonsense", 400, "Invalid Crypto-Key header"},
        Case{"WebPush a.b.c", "dh=BQ", 400, "Missing p256ecdsa in Crypto-Key header"},
        Case{"WebPush", "p256ecdsa=" + k, 401, "Missing VAPID token"}}) {
    const auto read = parse(authorization, crypto_key);
    ASSERT_FALSE(read) << authorization;
    EXPECT_EQ(read.error().status, status) << authorization;
    EXPECT_EQ(read.error().number, status == 400 ? Errno::kCryptoHeaders : Errno::kUnauthorized);
    EXPECT_TRUE(read.error().message.starts_with(message)) << read.error().message;
  }
  const std::vector<HeaderList::Field> twice{{"Authorization", "vapid t=a,k=b"}, {"authorization", "vapid t=a,k=b"}};
  EXPECT_EQ(parse_vapid(HeaderList(twice)).error().status, 401);
}

// A key off the curve passes parsing, for speed, and never verifies.
TEST(VapidHeader, AKeyOffTheCurveVerifiesNothing) {
  auto bad = claim(std::string(kHeader) + std::string(kGood));
  bad.key[64] ^= 1;
  expect_refused(check_vapid(bad, kOrigin, kNow, {}), "Invalid VAPID token: the signature");
  expect_refused(check(kGood, kKeyB), "Invalid VAPID token: the signature");
}

}  // namespace
}  // namespace herald::protocol::webpush
