#include "operations/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <sstream>

namespace herald::operations {
namespace {

using std::chrono::minutes;
using testing::EndsWith;
using testing::StartsWith;

// A pipe that the test reads when it wants to.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  // Blocks until `text` has come.
  std::string read_until(std::string_view text) {
    std::string all;
    char piece[4096];
    while (all.find(text) == std::string::npos) {
      const ssize_t got = ::read(ends_[0], piece, sizeof piece);
      if (got <= 0) break;
      all.append(piece, static_cast<std::size_t>(got));
    }
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

std::string report(std::uint64_t dropped) {
  return std::to_string(dropped) + " dropped";
}

// The sum of the reports in `text`.
std::uint64_t dropped_in(const std::string& text) {
  std::istringstream lines(text);
  std::uint64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(" dropped")) sum += std::stoull(line);
  }
  return sum;
}

TEST(LineWriter, WritesLinesInTheirOrder) {
  Pipe pipe;
  LineWriter lines(pipe.writer(), 1'000, report);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lines.write("line " + std::to_string(i)));
  EXPECT_EQ(pipe.read_until("line 2\n"), "line 0\nline 1\nline 2\n");
  EXPECT_TRUE(lines.flush(minutes(1)));
  EXPECT_EQ(lines.dropped(), 0U);
}

TEST(LineWriter, ReaderThatIsStuckHoldsNobodyUpAndIsToldWhatItMissed) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETPIPE_SZ, 4'096), 4'096);
  LineWriter lines(pipe.writer(), 2'000, report);
  const std::string line(99, 'x');
  int kept = 0;
  for (int i = 0; i < 1'000; ++i) kept += lines.write(line);
  EXPECT_LT(kept, 100) << "the pipe's 40 lines, and 20 that wait";
  EXPECT_EQ(lines.dropped(), 1'000U - static_cast<std::uint64_t>(kept));
  // Lines can be dropped before the pipe is full as well, where the writing thread starts late: each row has its
  // report.
  std::string read;
  std::uint64_t told = 0;
  while (told < lines.dropped()) {
    read += pipe.read_until("\n");
    told = dropped_in(read);
  }
  EXPECT_EQ(told, lines.dropped());
  EXPECT_TRUE(lines.write("well again"));
  EXPECT_THAT(pipe.read_until("well again\n"), EndsWith("well again\n"));
}

TEST(LineWriter, BoundHoldsToTheByte) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETPIPE_SZ, 4'096), 4'096);
  LineWriter lines(pipe.writer(), 10'000, report);
  // Of this one, 9,000 bytes count until all of it is written, which is never.
  ASSERT_TRUE(lines.write(std::string(8'999, 'x')));
  EXPECT_TRUE(lines.write(std::string(999, 'y')));
  EXPECT_FALSE(lines.write(""));
  EXPECT_EQ(lines.dropped(), 1U);
  pipe.close_reader();
  EXPECT_TRUE(lines.flush(minutes(1))) << "a reader that has gone takes everything";
}

TEST(LineWriter, EndDoesNotWaitForAReaderThatIsStuck) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETPIPE_SZ, 4'096), 4'096);
  {
    LineWriter lines(pipe.writer(), 100'000, report);
    EXPECT_TRUE(lines.write(std::string(50'000, 'x')));
    EXPECT_FALSE(lines.flush(std::chrono::milliseconds(1)));
  }
  // The thread that is left behind ends with its write.
  pipe.read_until("\n");
}

TEST(LineWriter, EndWritesWhatWaits) {
  Pipe pipe;
  {
    LineWriter lines(pipe.writer(), 100'000, report);
    for (int i = 0; i < 100; ++i) lines.write("line " + std::to_string(i));
  }
  EXPECT_THAT(pipe.read_until("line 99\n"), StartsWith("line 0\n"));
}

TEST(LineWriter, DescriptorThatRefusesLosesLinesAndNothingElse) {
  LineWriter lines(-1, 1'000, report);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(lines.write(std::string(500, 'x')));
    EXPECT_TRUE(lines.flush(minutes(1)));
  }
}

TEST(LineWriter, DescriptorThatDoesNotBlockIsWaitedFor) {
  Pipe pipe;
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETPIPE_SZ, 4'096), 4'096);
  ASSERT_EQ(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK), 0);
  LineWriter lines(pipe.writer(), 100'000, report);
  lines.write(std::string(50'000, 'x'));
  EXPECT_EQ(pipe.read_until("\n").size(), 50'001U);
}

}  // namespace
}  // namespace herald::operations
