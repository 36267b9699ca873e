// The yardstick for the store: appends of a given size to one file, fdatasync after each batch, nothing else.
//
//   bare_log FILE SECONDS BYTES     prints a line for batches of 1, 16, 128 and 1024: records a second, and CPU seconds
//   per million

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// False if the file could not be written.
bool measure(const char* file, double seconds, std::size_t bytes, std::size_t batch) {
  const int fd = ::open(file, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  if (fd < 0) return false;
  const std::string record(bytes, 'x');
  std::string buffer;
  std::size_t written = 0;
  const double cpu_before = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  double elapsed = 0;
  while (elapsed < seconds) {
    buffer.clear();
    for (std::size_t i = 0; i < batch; ++i) buffer += record;
    if (::write(fd, buffer.data(), buffer.size()) != static_cast<ssize_t>(buffer.size()) || ::fdatasync(fd) != 0)
      return false;
    written += batch;
    elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::printf("batch %4zu: %10.0f records/s, %6.2f CPU s per million\n", batch, static_cast<double>(written) / elapsed,
              (cpu_seconds() - cpu_before) / static_cast<double>(written) * 1e6);
  ::close(fd);
  ::unlink(file);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bare_log FILE SECONDS BYTES\n", stderr);
    return 2;
  }
  for (const std::size_t batch : {1U, 16U, 128U, 1024U}) {
    if (!measure(argv[1], std::atof(argv[2]), std::strtoul(argv[3], nullptr, 10), batch)) {
      std::perror(argv[1]);
      return 1;
    }
  }
  return 0;
}
