#include "base/file_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace herald {

namespace {

std::unexpected<Error> unreadable(const std::string& file, int error) {
  return fail(error == ENOENT ? ErrorKind::kNotFound : ErrorKind::kUnavailable,
              file + " can't be read: " + std::strerror(error));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

Result<std::string> read_file(const std::string& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (in.number() < 0) return unreadable(file, errno);
  std::string text;
  char piece[16 * 1024];
  while (true) {
    const ssize_t got = ::read(in.number(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(file, errno);
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
    if (text.size() > kFileTextMaxBytes) return unreadable(file, EFBIG);
  }
}

}  // namespace herald
