#pragma once
// What a process costs, as /proc tells: processor time and memory; and which process listens on a port.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "transport/address.h"

namespace herald::load {

struct ProcessCost {
  double cpu_s = 0;             // user and system, since its start
  std::int64_t user_bytes = 0;  // anonymous resident memory (RssAnon)
};

// nullopt: there is no such process, or it is not ours to look at.
[[nodiscard]] std::optional<ProcessCost> cost_of(std::int64_t pid);
// Processor seconds of this process.
[[nodiscard]] double own_cpu_s();
// Memory that the whole kernel uses for its objects and for TCP buffers: Slab of /proc/meminfo and the pages of
// /proc/net/sockstat. Both ends of a local connection are in it.
[[nodiscard]] std::int64_t kernel_bytes();
// The process that listens at `address` (or at any address with its port). kNotFound.
[[nodiscard]] Result<std::int64_t> listener_of(const transport::SocketAddress& address);

// The parts that read text; for tests.
// utime + stime of /proc/PID/stat in ticks; the name in it may hold anything.
[[nodiscard]] std::optional<std::uint64_t> stat_ticks(std::string_view stat);
// "Name:   123 kB" in bytes.
[[nodiscard]] std::optional<std::int64_t> field_bytes(std::string_view text, std::string_view name);
// "mem" of the TCP line of sockstat, in pages.
[[nodiscard]] std::optional<std::int64_t> tcp_pages(std::string_view sockstat);
// The inode of the socket that listens on `port`, of /proc/net/tcp or tcp6.
[[nodiscard]] std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port);

}  // namespace herald::load
