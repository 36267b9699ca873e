#include "load/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herald::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Summary a_run() {
  Summary summary;
  summary.scenario = "deliver";
  summary.target = "http://127.0.0.1:1/<&\">";
  summary.devices = 1000;
  summary.apps = 1000;
  summary.bytes = 200;
  summary.rate = 2000;
  summary.totals = {.accepted = 10'000, .owed = 10'000, .delivered = 10'000};
  summary.elapsed_s = 5;
  summary.server_cpu_s = 2;
  summary.bench_cpu_s = 1;
  summary.server_user_bytes_per_device = 900;
  summary.latency_ms = {1, 2, 3, 4, 5};
  summary.curve_ms.assign(curve_percents().size(), 1.5);
  summary.samples = {{.at_s = 0}, {.at_s = 1, .accepted = 2000, .delivered = 1990, .server_cpu_s = 0.4}};
  summary.seconds = {{1, 3, 5}, {1, 2, 3}};
  return summary;
}

TEST(Report, NeedsNothingFromOutside) {
  const std::string html = to_html(a_run());
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  for (const char* outside : {"src=", "href=", "url(", "@import", "<script", "<link"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside))) << outside;
  }
}

TEST(Report, WhatTheUserNamedIsEscaped) {
  EXPECT_THAT(to_html(a_run()), HasSubstr("http://127.0.0.1:1/&lt;&amp;&quot;&gt;"));
  EXPECT_EQ(html_escaped("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;");
}

TEST(Report, SaysWhetherTheRunWasGood) {
  Summary bad = a_run();
  EXPECT_THAT(to_html(bad), HasSubstr("verdict good"));
  bad.totals.lost = 1;
  EXPECT_THAT(to_html(bad), HasSubstr("verdict bad"));
}

TEST(Report, LongLatenciesAreInSeconds) {
  Summary slow = a_run();
  slow.latency_ms = {.p50 = 999.99, .p90 = 1'000, .p99 = 1'367.34, .p999 = 2'000, .max = 3'000};
  EXPECT_THAT(to_html(slow), HasSubstr("<b>999.99 ms</b>"));
  EXPECT_THAT(to_html(slow), HasSubstr("<b>1.37 s</b>"));
}

TEST(Report, ARunWithoutFiguresIsStillAReport) {
  EXPECT_THAT(to_html(Summary{}), HasSubstr("</html>"));
}

TEST(Plot, TicksAreRound) {
  EXPECT_THAT(round_ticks(10), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(round_ticks(0.9), ElementsAre(0, 0.2, 0.4, testing::DoubleEq(0.6000000000000001), 0.8, 1.0));
  EXPECT_THAT(round_ticks(43'000), ElementsAre(0, 10'000, 20'000, 30'000, 40'000, 50'000));
  EXPECT_THAT(round_ticks(0), ElementsAre(0, 1));
}

TEST(Plot, PointsLieWithinTheDrawing) {
  const std::string svg = to_svg({"T", "x", "y", {{"l", "a", {{0, 0}, {10, 100}}}}, {}, false});
  EXPECT_THAT(svg, HasSubstr("points=\"64.0,240.0 704.0,16.0 \""));
}

TEST(Plot, ALogarithmicAxisSpacesDecadesEvenly) {
  const std::string svg = to_svg({"T", "x", "y", {{"l", "a", {{0, 1}, {1, 10}, {2, 100}}}}, {}, true});
  EXPECT_THAT(svg, HasSubstr("points=\"64.0,240.0 384.0,128.0 704.0,16.0 \""));
}

}  // namespace
}  // namespace herald::load
