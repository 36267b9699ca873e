#include "operations/log_line.h"

#include <gtest/gtest.h>

#include <limits>

namespace herald::operations {
namespace {

constexpr WallTime kTime{1'795'358'700'123};  // 2026-11-22T14:45:00.123Z

LogEntry entry(LogLevel level, std::span<const LogField> fields) {
  return {.time = kTime, .level = level, .event = "message accepted", .fields = fields};
}

TEST(TextLine, IsForPeople) {
  const LogField fields[] = {{"message", "01ab"}, {"size_bytes", std::int64_t{-5}}, {"seconds", 0.25}, {"new", true}};
  EXPECT_EQ(text_line(entry(LogLevel::kInfo, fields), false),
            "2026-11-22T14:45:00.123Z info  message accepted message=01ab size_bytes=-5 seconds=0.25 new=true");
  EXPECT_EQ(text_line(entry(LogLevel::kWarning, {}), false), "2026-11-22T14:45:00.123Z warn  message accepted");
}

TEST(TextLine, QuotesValuesThatCouldBeMistaken) {
  const LogField fields[] = {{"a", ""}, {"b", "two words"}, {"c", "x=y"}, {"d", "line\nfeed"}, {"e", "\x1b[2J"}};
  EXPECT_EQ(text_line(entry(LogLevel::kError, fields), false),
            "2026-11-22T14:45:00.123Z error message accepted a=\"\" b=\"two words\" c=\"x=y\" d=\"line\\nfeed\" "
            "e=\"\\u001b[2J\"");
}

TEST(TextLine, ColoursTheLevelOnly) {
  EXPECT_EQ(text_line(entry(LogLevel::kDebug, {}), true),
            "2026-11-22T14:45:00.123Z \x1b[2mdebug\x1b[0m message accepted");
}

TEST(TextLine, TimesBeforeTheEpochAreStillTimes) {
  const LogEntry early{.time = {-1}, .level = LogLevel::kInfo, .event = "x", .fields = {}};
  EXPECT_EQ(text_line(early, false), "1969-12-31T23:59:59.999Z info  x");
}

TEST(JsonLine, IsForMachines) {
  const LogField fields[] = {{"message", "01ab"}, {"size_bytes", std::int64_t{-5}}, {"seconds", 0.25}, {"new", false}};
  EXPECT_EQ(json_line(entry(LogLevel::kWarning, fields)),
            R"({"time":"2026-11-22T14:45:00.123Z","level":"warning","event":"message accepted",)"
            R"("message":"01ab","size_bytes":-5,"seconds":0.25,"new":false})");
}

TEST(JsonLine, EscapesAndNeverWritesANumberThatJsonLacks) {
  const LogField fields[] = {{"text", "a\"b\n\xff"},
                             {"nan", std::numeric_limits<double>::quiet_NaN()},
                             {"inf", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(json_line(entry(LogLevel::kInfo, fields)),
            R"({"time":"2026-11-22T14:45:00.123Z","level":"info","event":"message accepted",)"
            R"("text":"a\"b\n\ufffd","nan":null,"inf":null})");
}

}  // namespace
}  // namespace herald::operations
