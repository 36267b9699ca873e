#include "operations/logging.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace herald::operations {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class LoggingTest : public testing::Test {
 protected:
  ~LoggingTest() override { std::fclose(stream_); }

  // What has been written so far.
  std::vector<std::string> lines(Logging& log) {
    EXPECT_TRUE(log.flush(std::chrono::minutes(1)));
    return lines();
  }
  std::vector<std::string> lines() {
    std::rewind(stream_);
    std::vector<std::string> out;
    std::string line;
    for (int c = std::fgetc(stream_); c != EOF; c = std::fgetc(stream_)) {
      if (c != '\n') {
        line += static_cast<char>(c);
      } else {
        out.push_back(std::exchange(line, {}));
      }
    }
    if (!line.empty()) out.push_back("unfinished: " + line);
    return out;
  }

  ManualClock clock_;
  std::FILE* stream_ = std::tmpfile();
};

TEST_F(LoggingTest, WritesALineInTheChosenFormat) {
  Logging text({.format = LogFormat::kText}, clock_, stream_);
  text.info("message accepted", {{"message", "01ab"}});
  ASSERT_TRUE(text.flush(std::chrono::minutes(1)));
  Logging json({.format = LogFormat::kJson}, clock_, stream_);
  json.info("message accepted {}", {{"message", "01ab"}});
  EXPECT_THAT(lines(json), ElementsAre("2023-11-14T22:13:20.000Z info  message accepted message=01ab",
                                       R"({"time":"2023-11-14T22:13:20.000Z","level":"info",)"
                                       R"("event":"message accepted {}","message":"01ab"})"));
}

TEST_F(LoggingTest, TheLevelCanBeChangedWhileRunning) {
  Logging log({.level = LogLevel::kWarning}, clock_, stream_);
  log.info("unseen");
  log.write(LogLevel::kInfo, "unseen", {});
  EXPECT_FALSE(log.enabled(LogLevel::kInfo));
  log.set_level(LogLevel::kDebug);
  log.debug("seen");
  log.set_level(LogLevel::kError);
  log.warning("unseen");
  log.error("seen too");
  EXPECT_THAT(lines(log), ElementsAre(EndsWith("debug seen"), EndsWith("error seen too")));
}

TEST_F(LoggingTest, AFloodOfOneWarningIsCountedInsteadOfWritten) {
  Logging log({.repeats_per_interval = 2, .repeat_interval = std::chrono::seconds(10)}, clock_, stream_);
  for (int i = 0; i < 100; ++i) log.warning("store away");
  log.error("another");
  clock_.advance(std::chrono::seconds(10));
  log.warning("store away", {{"reason", "disk"}});
  EXPECT_THAT(lines(log),
              ElementsAre(EndsWith("warn  store away"), EndsWith("warn  store away"), EndsWith("error another"),
                          EndsWith("warn  store away reason=disk suppressed=98")));
}

TEST_F(LoggingTest, InfoIsNeverSuppressed) {
  Logging log({.repeats_per_interval = 2}, clock_, stream_);
  for (int i = 0; i < 100; ++i) log.info("message accepted");
  EXPECT_EQ(lines(log).size(), 100U);
}

TEST_F(LoggingTest, TheEndTellsWhatWasSuppressed) {
  {
    Logging log({.repeats_per_interval = 1}, clock_, stream_);
    for (int i = 0; i < 4; ++i) log.error("store away");
  }
  EXPECT_THAT(lines(), ElementsAre(EndsWith("error store away"),
                                   EndsWith("warn  entries suppressed of=\"store away\" suppressed=3")));
}

TEST_F(LoggingTest, ManyThreadsWriteWholeLines) {
  Logging log({.level = LogLevel::kInfo, .repeats_per_interval = 50}, clock_, stream_);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        log.info("hello");
        log.warning("careful");
        log.set_level(LogLevel::kInfo);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto written = lines(log);
  EXPECT_EQ(written.size(), 450U);
  for (const auto& line : written) EXPECT_THAT(line, testing::AnyOf(EndsWith(" hello"), EndsWith(" careful")));
}

TEST(Logging, NobodyWaitsForAStreamThatNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::fcntl(ends[1], F_SETPIPE_SZ, 4'096), 4'096);
  std::FILE* stream = ::fdopen(ends[1], "w");
  const ManualClock clock;
  Logging log({.waiting_max_bytes = 10'000}, clock, stream);
  for (int i = 0; i < 10'000; ++i) log.info("an entry that is some fifty bytes long");
  EXPECT_GT(log.dropped(), 9'000U);
  std::string read;
  char piece[4'096];
  while (read.find("dropped") == std::string::npos) {
    const ssize_t got = ::read(ends[0], piece, sizeof piece);
    ASSERT_GT(got, 0);
    read.append(piece, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  EXPECT_TRUE(log.flush(std::chrono::minutes(1))) << "a reader that has gone takes everything";
}

TEST_F(LoggingTest, AFileIsNoTerminal) {
  EXPECT_FALSE(wants_colour(stream_));
}

TEST(LoggingNames, AreReadStrictly) {
  EXPECT_EQ(log_format_from("json").value(), LogFormat::kJson);
  EXPECT_EQ(log_format_from("text").value(), LogFormat::kText);
  EXPECT_EQ(log_format_from("xml").error().kind, ErrorKind::kInvalid);
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_EQ(log_level_from(to_string(level)).value(), level);
  }
  EXPECT_THAT(log_level_from("INFO").error().message, HasSubstr("warning"));
}

}  // namespace
}  // namespace herald::operations
