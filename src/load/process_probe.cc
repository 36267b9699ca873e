#include "load/process_probe.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace herald::load {

namespace {

std::string read_text(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  for (std::size_t at = line.find_first_not_of(" \t"); at != std::string_view::npos;) {
    const auto end = std::min(line.find_first_of(" \t", at), line.size());
    found.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(" \t", end);
  }
  return found;
}

bool holds_socket(const std::filesystem::path& process, const std::string& link) {
  std::error_code error;
  std::filesystem::directory_iterator descriptors(process / "fd", error);
  for (; !error && descriptors != std::filesystem::directory_iterator(); descriptors.increment(error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(descriptors->path(), gone) == link) return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> stat_ticks(std::string_view stat) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto fields = words(stat.substr(name_end + 1));
  // Fields 14 and 15 of proc(5); the first after the name is field 3.
  if (fields.size() < 13) return std::nullopt;
  const auto user = number<std::uint64_t>(fields[11]);
  const auto system = number<std::uint64_t>(fields[12]);
  if (!user || !system) return std::nullopt;
  return *user + *system;
}

std::optional<std::int64_t> field_bytes(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(":")) {
      const auto parts = words(line.substr(name.size() + 1));
      const auto kilobytes = parts.empty() ? std::nullopt : number<std::int64_t>(parts[0]);
      if (kilobytes) return *kilobytes * 1024;
    }
    at = end + 1;
  }
  return std::nullopt;
}

std::optional<std::int64_t> tcp_pages(std::string_view sockstat) {
  const auto line = sockstat.find("TCP:");
  const auto at = sockstat.find(" mem ", line);
  if (line == std::string_view::npos || at == std::string_view::npos) return std::nullopt;
  return number<std::int64_t>(sockstat.substr(at + 5));
}

std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port) {
  for (std::size_t at = table.find('\n'); at != std::string_view::npos && at + 1 < table.size();) {
    const auto end = std::min(table.find('\n', at + 1), table.size());
    const auto parts = words(table.substr(at + 1, end - at - 1));
    at = end;
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode; state 0A is LISTEN.
    if (parts.size() < 10 || parts[3] != "0A") continue;
    const auto colon = parts[1].rfind(':');
    if (colon != std::string_view::npos && number<std::uint16_t>(parts[1].substr(colon + 1), 16) == port) {
      return number<std::uint64_t>(parts[9]);
    }
  }
  return std::nullopt;
}

std::optional<ProcessCost> cost_of(std::int64_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto ticks = stat_ticks(read_text(folder + "/stat"));
  const auto bytes = field_bytes(read_text(folder + "/status"), "RssAnon");
  if (!ticks || !bytes) return std::nullopt;
  return ProcessCost{static_cast<double>(*ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)), *bytes};
}

double own_cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::int64_t kernel_bytes() {
  return field_bytes(read_text("/proc/meminfo"), "Slab").value_or(0) +
         tcp_pages(read_text("/proc/net/sockstat")).value_or(0) * sysconf(_SC_PAGESIZE);
}

Result<std::int64_t> listener_of(const transport::SocketAddress& address) {
  auto inode = listening_inode(read_text("/proc/net/tcp"), address.port);
  if (!inode) inode = listening_inode(read_text("/proc/net/tcp6"), address.port);
  if (!inode) return fail(ErrorKind::kNotFound, "nothing here listens on port " + std::to_string(address.port));
  const std::string link = "socket:[" + std::to_string(*inode) + "]";
  std::error_code error;
  std::filesystem::directory_iterator processes("/proc", error);
  for (; !error && processes != std::filesystem::directory_iterator(); processes.increment(error)) {
    const auto pid = number<std::int64_t>(processes->path().filename().string());
    if (!pid) continue;
    // A loop that owns its descriptor table shows its descriptors under its thread only.
    std::error_code none;
    std::filesystem::directory_iterator threads(processes->path() / "task", none);
    for (; !none && threads != std::filesystem::directory_iterator(); threads.increment(none)) {
      if (holds_socket(threads->path(), link)) return *pid;
    }
  }
  return fail(ErrorKind::kNotFound, "the process that listens on port " + std::to_string(address.port) + " is hidden");
}

}  // namespace herald::load
