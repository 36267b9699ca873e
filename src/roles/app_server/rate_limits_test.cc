#include "roles/app_server/rate_limits.h"

#include <gtest/gtest.h>

#include "protocol/app_server/webpush/vapid.h"
#include "roles/app_server/vapid_checker.h"

namespace herald::roles::app_server {
namespace {

constexpr MonoTime kStart{1'000'000'000};

TEST(TokenBuckets, GiveTheBurstThenTheRate) {
  TokenBuckets buckets(2, 4, 10);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(buckets.take("a", kStart), 0U);
  EXPECT_EQ(buckets.take("a", kStart), 1U);
  EXPECT_EQ(buckets.take("b", kStart), 0U) << "another name has its own";
  const MonoTime later = kStart + std::chrono::milliseconds(500);
  EXPECT_EQ(buckets.take("a", later), 0U);
  EXPECT_EQ(buckets.take("a", later), 1U);
  const MonoTime long_after = kStart + std::chrono::hours(1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(buckets.take("a", long_after), 0U);
  EXPECT_EQ(buckets.take("a", long_after), 1U) << "a bucket holds no more than the burst";
}

TEST(TokenBuckets, ForgetTheOneUnusedForLongest) {
  TokenBuckets buckets(1, 1, 2);
  EXPECT_EQ(buckets.take("a", kStart), 0U);
  EXPECT_EQ(buckets.take("b", kStart), 0U);
  EXPECT_EQ(buckets.take("a", kStart), 1U);
  EXPECT_EQ(buckets.take("c", kStart), 0U);
  EXPECT_EQ(buckets.size(), 2U);
  EXPECT_EQ(buckets.take("a", kStart), 1U) << "still known";
  EXPECT_EQ(buckets.take("b", kStart), 0U) << "forgotten";
}

TEST(RateLimits, SayWhatWasExceededAndWhenToComeBack) {
  Limits limits;
  limits.webpush_per_address_per_s = 1;
  limits.webpush_per_key_per_s = 2;
  limits.webpush_per_subscription_per_s = 3;
  RateLimits rates(limits);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(rates.take_address("192.0.2.1", kStart));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(rates.take_key({}, kStart));
  for (int i = 0; i < 30; ++i) EXPECT_FALSE(rates.take_subscription({}, kStart));
  const auto address = rates.take_address("192.0.2.1", kStart);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->status, 429);
  EXPECT_EQ(address->retry_after_s, 1U);
  EXPECT_EQ(address->message,
            "Too many push messages from this address: at most 1 a second, and 10 at once; retry after 1 s");
  EXPECT_NE(rates.take_key({}, kStart)->message.find("under this VAPID key"), std::string::npos);
  EXPECT_NE(rates.take_subscription({}, kStart)->message.find("to this subscription"), std::string::npos);
  EXPECT_FALSE(rates.take_address("192.0.2.2", kStart));
}

TEST(RateLimits, RememberSoManySenders) {
  Limits limits;
  limits.webpush_per_address_per_s = 1;
  limits.rate_buckets_max = 2;
  RateLimits rates(limits);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(rates.take_address("192.0.2.1", kStart));
  EXPECT_TRUE(rates.take_address("192.0.2.1", kStart));
  EXPECT_FALSE(rates.take_address("192.0.2.2", kStart));
  EXPECT_TRUE(rates.take_address("192.0.2.1", kStart)) << "two are remembered";
  EXPECT_FALSE(rates.take_address("192.0.2.2", kStart));
  EXPECT_FALSE(rates.take_address("192.0.2.3", kStart));
  EXPECT_FALSE(rates.take_address("192.0.2.1", kStart)) << "the one unused for longest made room";
}

struct VapidCheckerTest : testing::Test {
  static constexpr std::string_view kOrigin = "https://push.example.com";

  class CountingMetrics final : public Metrics {
   public:
    Counter& counter(std::string_view, std::string_view, MetricLabels labels) override {
      return labels[0].second == "signature" ? verified : recalled;
    }
    Gauge& gauge(std::string_view, std::string_view, MetricLabels) override { return gauge_; }
    Histogram& histogram(std::string_view, std::string_view, std::vector<double>, MetricLabels) override {
      return histogram_;
    }
    Counter verified;
    Counter recalled;

   private:
    Gauge gauge_;
    Histogram histogram_{{1}};
  };

  ManualClock clock;
  CountingMetrics metrics;
  Limits limits;
  std::unique_ptr<P256PrivateKey> key = P256PrivateKey::generate();

  [[nodiscard]] protocol::webpush::VapidClaim claim(std::int64_t valid_s) const {
    const std::string value = protocol::webpush::make_vapid(*key, kOrigin, "", clock.wall().ms / 1000 + valid_s);
    const std::vector<protocol::webpush::HeaderList::Field> fields{{"Authorization", value}};
    return **protocol::webpush::parse_vapid(protocol::webpush::HeaderList(fields));
  }
};

TEST_F(VapidCheckerTest, VerifiesAKnownTokenOnce) {
  VapidChecker checker(std::string(kOrigin), limits, clock, metrics);
  const auto known = claim(3600);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(checker.check(known));
  EXPECT_EQ(metrics.verified.value(), 1U);
  EXPECT_EQ(metrics.recalled.value(), 4U);
  clock.advance(std::chrono::seconds(3660));
  EXPECT_TRUE(checker.check(known));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(checker.check(known)) << "an expired token is not remembered";
}

TEST_F(VapidCheckerTest, NeverTakesATokenForAnothersKey) {
  VapidChecker checker(std::string(kOrigin), limits, clock, metrics);
  auto stolen = claim(3600);
  EXPECT_TRUE(checker.check(stolen));
  const auto other = P256PrivateKey::generate()->point();
  stolen.key.assign(other.begin(), other.end());
  EXPECT_FALSE(checker.check(stolen));
  EXPECT_FALSE(checker.check(stolen));
}

TEST_F(VapidCheckerTest, RemembersSoMany) {
  limits.vapid_cached_tokens = 2;
  VapidChecker checker(std::string(kOrigin), limits, clock, metrics);
  const auto first = claim(1000);
  EXPECT_TRUE(checker.check(first));
  for (std::int64_t valid_s = 1001; valid_s < 1010; ++valid_s) EXPECT_TRUE(checker.check(claim(valid_s)));
  EXPECT_EQ(checker.remembered(), 2U);
  EXPECT_TRUE(checker.check(first));
  EXPECT_EQ(metrics.recalled.value(), 0U);
}

}  // namespace
}  // namespace herald::roles::app_server
