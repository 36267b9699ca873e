#include "operations/metrics_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "operations/process_metrics.h"

namespace herald::operations {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MetricsRegistry, SumsTheCellsThatShareNameAndLabels) {
  MetricsRegistry registry;
  registry.counter("herald_sent_total", "Sent.", {{"kind", "a"}}).add(2);
  registry.counter("herald_sent_total", "Sent.", {{"kind", "a"}}).add(3);
  registry.counter("herald_sent_total", "Sent.", {{"kind", "b"}}).add(7);
  registry.gauge("herald_open", "Open.").add(5);
  registry.gauge("herald_open", "Open.").add(-7);
  EXPECT_EQ(registry.render(),
            "# HELP herald_open Open.\n"
            "# TYPE herald_open gauge\n"
            "herald_open -2\n"
            "# HELP herald_sent_total Sent.\n"
            "# TYPE herald_sent_total counter\n"
            "herald_sent_total{kind=\"a\"} 5\n"
            "herald_sent_total{kind=\"b\"} 7\n");
}

TEST(MetricsRegistry, TheOrderOfLabelsDoesNotMatter) {
  MetricsRegistry registry;
  registry.counter("herald_x_total", "X.", {{"a", "1"}, {"b", "2"}}).add();
  registry.counter("herald_x_total", "X.", {{"b", "2"}, {"a", "1"}}).add();
  EXPECT_THAT(registry.render(), HasSubstr("\nherald_x_total{a=\"1\",b=\"2\"} 2\n"));
}

TEST(MetricsRegistry, HistogramsAreCumulative) {
  MetricsRegistry registry;
  Histogram& one = registry.histogram("herald_wait_seconds", "Wait.", {0.1, 1}, {{"kind", "a"}});
  Histogram& two = registry.histogram("herald_wait_seconds", "Wait.", {0.1, 1}, {{"kind", "a"}});
  for (const double value : {0.0625, 0.5, 0.5, 4.0}) one.observe(value);
  two.observe(0.5);
  EXPECT_EQ(registry.render(),
            "# HELP herald_wait_seconds Wait.\n"
            "# TYPE herald_wait_seconds histogram\n"
            "herald_wait_seconds_bucket{kind=\"a\",le=\"0.1\"} 1\n"
            "herald_wait_seconds_bucket{kind=\"a\",le=\"1\"} 4\n"
            "herald_wait_seconds_bucket{kind=\"a\",le=\"+Inf\"} 5\n"
            "herald_wait_seconds_sum{kind=\"a\"} 5.5625\n"
            "herald_wait_seconds_count{kind=\"a\"} 5\n");
}

TEST(MetricsRegistry, EscapesLabelsAndHelp) {
  MetricsRegistry registry;
  registry.gauge("herald_x", "A \\ and\na \"line\".", {{"q", "a\"b\\c\nd"}}).set(1);
  EXPECT_EQ(registry.render(),
            "# HELP herald_x A \\\\ and\\na \"line\".\n"
            "# TYPE herald_x gauge\n"
            "herald_x{q=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(MetricsRegistry, CallbacksAreAskedAtEachScrape) {
  MetricsRegistry registry;
  double depth = 1;
  const auto collect = [&depth] {
    return std::vector<MetricSample>{{{{"queue", "WS1"}}, depth}, {{{"queue", "newMessages"}}, 2.5}};
  };
  registry.add_callback(MetricType::kGauge, "herald_queue_depth", "Depth.", collect);
  registry.add_callback(MetricType::kGauge, "herald_queue_depth", "Depth.",
                        [] { return std::vector<MetricSample>{{{{"queue", "WS1"}}, 10}}; });
  EXPECT_THAT(registry.render(), HasSubstr("herald_queue_depth{queue=\"WS1\"} 11\n"));
  depth = std::numeric_limits<double>::infinity();
  EXPECT_THAT(registry.render(), HasSubstr("herald_queue_depth{queue=\"WS1\"} +Inf\n"));
  EXPECT_THAT(registry.render(), HasSubstr("herald_queue_depth{queue=\"newMessages\"} 2.5\n"));
}

TEST(MetricsRegistry, CellsOfManyThreadsAreReadWhileTheyCount) {
  MetricsRegistry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&registry] {
      Counter& counter = registry.counter("herald_x_total", "X.");
      Histogram& histogram = registry.histogram("herald_y_seconds", "Y.", latency_buckets());
      for (int n = 0; n < 1'000; ++n) {
        counter.add();
        histogram.observe(n);
      }
    });
  }
  for (int i = 0; i < 20; ++i) (void)registry.render();
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(registry.render(), HasSubstr("\nherald_x_total 4000\n"));
  EXPECT_THAT(registry.render(), HasSubstr("\nherald_y_seconds_count 4000\n"));
}

TEST(MetricsRegistryDeathTest, MisuseIsABug) {
  MetricsRegistry registry;
  registry.gauge("herald_x", "X.");
  registry.histogram("herald_y_seconds", "Y.", {1, 2});
  EXPECT_DEATH(registry.histogram("herald_x", "X.", {1}), "two types");
  EXPECT_DEATH(registry.histogram("herald_y_seconds", "Y.", {1, 3}), "two sets of bounds");
  EXPECT_DEATH(registry.counter("herald_sent", "Sent."), "_total");
  EXPECT_DEATH(registry.gauge("herald_open_total", "Open."), "_total");
  EXPECT_DEATH(registry.gauge("herald open", "Open."), "malformed");
  EXPECT_DEATH(registry.gauge("herald_z", "Z.", {{"le", "1"}}), "malformed");
  EXPECT_DEATH(registry.gauge("herald_z", ""), "without help");
}

TEST(ProcessMetrics, AreThereAndPlausible) {
  ManualClock clock;
  MetricsRegistry registry;
  add_process_metrics(registry, "0.1.0", clock);
  clock.advance(std::chrono::milliseconds(1'500));
  const std::string page = registry.render();
  EXPECT_THAT(page, HasSubstr("\nherald_uptime_seconds 1.5\n"));
  EXPECT_THAT(page, HasSubstr("\nprocess_start_time_seconds 1700000000\n"));
  EXPECT_THAT(page, HasSubstr("version=\"0.1.0\"} 1\n"));
  for (const std::string name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                                 "process_virtual_memory_bytes", "process_open_fds", "process_max_fds"}) {
    EXPECT_THAT(page, HasSubstr("\n" + name + " ")) << page;
    EXPECT_THAT(page, Not(HasSubstr("\n" + name + " 0\n"))) << page;
  }
}

// What `promtool check metrics` says about `page`: its exit status and its complaints.
std::pair<int, std::string> promtool_verdict(const std::string& page) {
  const std::string file = testing::TempDir() + "herald_metrics_" + std::to_string(::getpid()) + ".txt";
  std::ofstream(file, std::ios::binary) << page;
  std::FILE* pipe = ::popen(("promtool check metrics < '" + file + "' 2>&1").c_str(), "r");
  std::string complaints;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) complaints += static_cast<char>(c);
  const int status = ::pclose(pipe);
  std::filesystem::remove(file);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, complaints};
}

TEST(MetricsRegistry, PromtoolAcceptsThePage) {
  const SystemClock clock;
  MetricsRegistry registry;
  add_process_metrics(registry, "0.1.0", clock);
  registry.counter("herald_messages_accepted_total", "Messages accepted, by priority.", {{"priority", "1"}}).add(3);
  registry.counter("herald_messages_accepted_total", "Messages accepted, by priority.", {{"priority", "2"}});
  registry.gauge("herald_connections", "Open \\ connections\nby \"protocol\".", {{"protocol", "a\"b\\c\nd"}}).set(-1);
  registry.histogram("herald_delivery_latency_seconds", "From accepted to sent.", latency_buckets()).observe(0.3);
  registry.histogram("herald_store_commit_messages", "Messages in one commit.", count_buckets()).observe(17);
  registry.add_callback(MetricType::kGauge, "herald_queue_depth", "Bodies waiting.", [] {
    return std::vector<MetricSample>{{{{"queue", "WS1"}}, 1}, {{{"queue", "newMessages"}}, 1e12}};
  });
  registry.add_callback(MetricType::kGauge, "herald_nothing", "No samples yet.",
                        [] { return std::vector<MetricSample>(); });
  const auto [status, complaints] = promtool_verdict(registry.render());
  ASSERT_NE(status, 127) << "promtool is missing: install the Debian package prometheus (apt-get install prometheus)";
  EXPECT_EQ(status, 0) << complaints << registry.render();
  EXPECT_EQ(complaints, "");
}

TEST(MetricsRegistry, PromtoolWouldComplain) {
  const auto [status, complaints] = promtool_verdict("# TYPE herald_x counter\nherald_x 1\n");
  EXPECT_NE(status, 0);
  EXPECT_THAT(complaints, HasSubstr("_total"));
}

}  // namespace
}  // namespace herald::operations
