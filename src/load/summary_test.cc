#include "load/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/json.h"

namespace herald::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Summary a_run() {
  Summary summary;
  summary.scenario = "deliver";
  summary.target = "http://h";
  summary.totals = {.accepted = 1200, .owed = 1200, .delivered = 1200};
  summary.elapsed_s = 4;
  summary.server_cpu_s = 3;
  summary.bench_cpu_s = 1.5;
  summary.latency_ms = {1, 2, 3, 4, 5};
  return summary;
}

TEST(Summary, RatesAreDeliveriesOverTimeAndOverProcessorTime) {
  EXPECT_DOUBLE_EQ(a_run().per_second(), 300);
  EXPECT_DOUBLE_EQ(*a_run().per_server_core_second(), 400);
  Summary unknown = a_run();
  unknown.server_cpu_s.reset();
  EXPECT_FALSE(unknown.per_server_core_second());
  EXPECT_DOUBLE_EQ(Summary{}.per_second(), 0);
}

TEST(Summary, IsGoodOnlyIfNothingIsMissing) {
  EXPECT_TRUE(a_run().good());
  for (const auto& spoil :
       std::vector<void (*)(Summary&)>{[](Summary& s) { s.totals.lost = 1; }, [](Summary& s) { s.late = 1; },
                                       [](Summary& s) { s.foreign = 1; }, [](Summary& s) { s.receipts_sampled = 1; }}) {
    Summary spoiled = a_run();
    spoil(spoiled);
    EXPECT_FALSE(spoiled.good());
  }
}

TEST(Summary, JsonHasTheDocumentedMembers) {
  const auto document = protocol::JsonDocument::parse(to_json(a_run()), 8);
  ASSERT_TRUE(document);
  const auto root = document->root();
  for (const char* name : {"accepted", "delivered", "repeats", "lost", "late", "per_second", "per_server_core_second",
                           "server_cpu_s", "bench_cpu_s"}) {
    ASSERT_TRUE(root.get(name)) << name;
    EXPECT_TRUE(root.get(name)->number()) << name;
  }
  EXPECT_EQ(root.get("rate")->string(), "max");
  EXPECT_EQ(root.get("server_user_bytes_per_device")->type(), protocol::JsonType::kNull);
  EXPECT_EQ(root.get("server_kernel_bytes_per_device")->type(), protocol::JsonType::kNull);
  EXPECT_EQ(root.get("per_second")->number(), 300.0);
  EXPECT_EQ(root.get("server_cpu_s_per_1000")->number(), 2.5);
  const auto latency = root.get("latency_ms");
  EXPECT_EQ(latency->get("p50")->number(), 1.0);
  EXPECT_EQ(latency->get("p999")->number(), 4.0);
  EXPECT_EQ(latency->get("max")->number(), 5.0);
}

TEST(Summary, TheTableNamesWhatMatters) {
  const std::string table = to_table(a_run());
  EXPECT_THAT(table, HasSubstr("1,200 of 1,200 owed"));
  EXPECT_THAT(table, HasSubstr("p99 3.00"));
  EXPECT_THAT(table, HasSubstr("Everything that was accepted arrived."));
}

TEST(Metrics, GrowthOfSamplesWithoutBuckets) {
  const auto before = read_metrics("# HELP x y\na_total 5\nb{c=\"d e\"} 2\n");
  const auto after = read_metrics("a_total 7\nb{c=\"d e\"} 2\nh_bucket{le=\"1\"} 9\nnew 1.5\nbad x\n");
  EXPECT_THAT(before, ElementsAre(Pair("a_total", 5), Pair("b{c=\"d e\"}", 2)));
  EXPECT_THAT(metrics_growth(before, after), ElementsAre(Pair("a_total", 2), Pair("new", 1.5)));
}

}  // namespace
}  // namespace herald::load
