#include "simulation/frames.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace herald::simulation {

namespace {

struct Header {
  Frame frame;
  std::uint32_t size;
};

}  // namespace

void FrameWriter::text(Frame frame, std::string_view bytes) {
  const Header header{frame, static_cast<std::uint32_t>(bytes.size())};
  waiting_.append(reinterpret_cast<const char*>(&header), sizeof header);
  waiting_.append(bytes);
}

void FrameWriter::lines(Frame frame, const std::vector<std::string>& lines) {
  std::string bytes;
  for (const auto& line : lines) bytes.append(line).push_back('\n');
  text(frame, bytes);
}

void FrameWriter::flush() {
  std::string_view rest = waiting_;
  while (!rest.empty()) {
    const auto written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) break;  // the parent has gone
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
  waiting_.clear();
}

std::vector<std::string> ReadFrame::lines() const {
  std::vector<std::string> found;
  std::size_t start = 0;
  for (std::size_t end = bytes.find('\n'); end != std::string::npos; end = bytes.find('\n', start)) {
    found.push_back(bytes.substr(start, end - start));
    start = end + 1;
  }
  return found;
}

bool FrameReader::read() {
  std::array<char, 65536> buffer;
  ssize_t size = 0;
  do {
    size = ::read(fd_, buffer.data(), buffer.size());
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return false;
  bytes_.erase(0, taken_);
  taken_ = 0;
  bytes_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::optional<ReadFrame> FrameReader::next() {
  Header header{};
  if (bytes_.size() - taken_ < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes_.data() + taken_, sizeof header);
  if (bytes_.size() - taken_ - sizeof header < header.size) return std::nullopt;
  ReadFrame read{header.frame, bytes_.substr(taken_ + sizeof header, header.size)};
  taken_ += sizeof header + header.size;
  return read;
}

}  // namespace herald::simulation
