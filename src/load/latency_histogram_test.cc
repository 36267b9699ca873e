#include "load/latency_histogram.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

void expect_near_percent(std::int64_t got, std::int64_t wanted) {
  EXPECT_LE(std::abs(static_cast<double>(got - wanted)), 0.01 * static_cast<double>(wanted))
      << got << " for " << wanted;
}

TEST(LatencyHistogram, EmptyIsZero) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.percentile_ns(50), 0);
  EXPECT_EQ(empty.max_ns(), 0);
}

TEST(LatencyHistogram, EveryMagnitudeIsKeptWithinOnePercent) {
  for (std::int64_t ns = LatencyHistogram::kLeastNs; ns < LatencyHistogram::kMostNs; ns += ns / 13) {
    LatencyHistogram one;
    one.record(ns);
    one.record(LatencyHistogram::kMostNs);
    expect_near_percent(one.percentile_ns(50), ns);
  }
}

TEST(LatencyHistogram, BoundsAreBuckets) {
  LatencyHistogram bounds;
  bounds.record(0);
  bounds.record(-5);
  bounds.record(LatencyHistogram::kMostNs * 4);
  EXPECT_EQ(bounds.count(), 3U);
  expect_near_percent(bounds.percentile_ns(10), LatencyHistogram::kLeastNs);
  EXPECT_EQ(bounds.max_ns(), LatencyHistogram::kMostNs);
}

TEST(LatencyHistogram, PercentilesOfAThousandMilliseconds) {
  LatencyHistogram thousand;
  for (int ms = 1; ms <= 1000; ++ms) thousand.record(ms * 1'000'000LL);
  expect_near_percent(thousand.percentile_ns(50), 500'000'000);
  expect_near_percent(thousand.percentile_ns(90), 900'000'000);
  expect_near_percent(thousand.percentile_ns(99.9), 999'000'000);
  EXPECT_EQ(thousand.percentile_ns(100), 1'000'000'000);
}

TEST(LatencyHistogram, OneInAHundredShowsAfterP99Only) {
  LatencyHistogram stall;
  for (int i = 0; i < 990; ++i) stall.record(1'000'000);
  for (int i = 0; i < 10; ++i) stall.record(5'000'000'000);
  expect_near_percent(stall.percentile_ns(99), 1'000'000);
  expect_near_percent(stall.percentile_ns(99.1), 5'000'000'000);
}

TEST(LatencyHistogram, SumsAreThoseOfBothHalves) {
  LatencyHistogram whole;
  LatencyHistogram left;
  LatencyHistogram right;
  for (int i = 1; i <= 5000; ++i) {
    whole.record(i * 7'000);
    (i % 3 == 0 ? left : right).record(i * 7'000);
  }
  left.add(right);
  EXPECT_EQ(left.count(), whole.count());
  EXPECT_EQ(left.max_ns(), whole.max_ns());
  for (const double percent : {1.0, 50.0, 99.0, 99.9})
    EXPECT_EQ(left.percentile_ns(percent), whole.percentile_ns(percent));
}

}  // namespace
}  // namespace herald::load
