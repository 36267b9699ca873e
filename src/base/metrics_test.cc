#include "base/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace herald {
namespace {

TEST(Counter, AddsUp) {
  Counter counter;
  counter.add();
  counter.add(4);
  EXPECT_EQ(counter.value(), 5U);
}

TEST(Gauge, GoesUpAndDown) {
  Gauge gauge;
  gauge.add(3);
  gauge.add(-5);
  EXPECT_EQ(gauge.value(), -2);
  gauge.set(9);
  EXPECT_EQ(gauge.value(), 9);
}

TEST(Histogram, ABoundIsTheGreatestValueOfItsBucket) {
  Histogram histogram({0.1, 1, 10});
  for (const double value : {0.05, 0.1, 0.11, 1.0, 9.0, 10.0, 10.1, 500.0}) histogram.observe(value);
  EXPECT_EQ(histogram.count(0), 2U);
  EXPECT_EQ(histogram.count(1), 2U);
  EXPECT_EQ(histogram.count(2), 2U);
  EXPECT_EQ(histogram.count(3), 2U);
  EXPECT_DOUBLE_EQ(histogram.sum(), 530.36);
}

TEST(Histogram, StandardBoundsAscend) {
  for (const auto& bounds : {latency_buckets(), count_buckets()}) {
    EXPECT_TRUE(std::ranges::is_sorted(bounds, std::ranges::less_equal())) << bounds.size();
    EXPECT_EQ(std::ranges::adjacent_find(bounds), bounds.end());
  }
  EXPECT_EQ(latency_buckets().front(), 0.0001);
  EXPECT_EQ(latency_buckets().back(), 3600);
  EXPECT_EQ(count_buckets().front(), 1);
  EXPECT_EQ(count_buckets().back(), 4096);
}

TEST(NullMetrics, EachCallGivesACellOfItsOwnThatStays) {
  NullMetrics metrics;
  Counter& first = metrics.counter("herald_x_total", "X.", {});
  for (int i = 0; i < 100; ++i) metrics.counter("herald_x_total", "X.", {}).add();
  EXPECT_EQ(first.value(), 0U);
  metrics.gauge("herald_y", "Y.", {}).set(1);
  EXPECT_EQ(metrics.histogram("herald_z", "Z.", {1, 2}, {}).bounds().size(), 2U);
}

}  // namespace
}  // namespace herald
