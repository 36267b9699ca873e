#pragma once
// How a process that runs schedules tells its parent about them: frames of a tag, a length and bytes, over a pipe.

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace herald::simulation {

enum class Frame : std::uint8_t {
  kBegin,      // a run begins: its seed
  kViolation,  // text
  kRecord,     // numbers
  kSteps,      // numbers
  kEvents,     // lines
  kFault,      // a count and a name
  kDone,       // the run has ended: hash and number of events
};

class FrameWriter {
 public:
  explicit FrameWriter(int fd) : fd_(fd) {}

  void text(Frame frame, std::string_view bytes);
  template <class Number>
  void numbers(Frame frame, const std::vector<Number>& values) {
    std::string bytes;
    for (const auto value : values) append(bytes, value);
    text(frame, bytes);
  }
  void lines(Frame frame, const std::vector<std::string>& lines);
  // Writes what has gathered; blocks until the pipe takes it.
  void flush();

 private:
  static void append(std::string& bytes, std::uint64_t value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  int fd_;
  std::string waiting_;
};

struct ReadFrame {
  Frame frame;
  std::string bytes;

  [[nodiscard]] std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> values(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(std::uint64_t));
    return values;
  }
  [[nodiscard]] std::vector<std::string> lines() const;
};

class FrameReader {
 public:
  explicit FrameReader(int fd) : fd_(fd) {}
  // Reads what the pipe holds, waiting for at least one byte. False: its other end is closed.
  [[nodiscard]] bool read();
  // The next whole frame of what was read.
  [[nodiscard]] std::optional<ReadFrame> next();

 private:
  int fd_;
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace herald::simulation
