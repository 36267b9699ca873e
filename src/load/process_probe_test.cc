#include "load/process_probe.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace herald::load {
namespace {

TEST(ProcessProbe, TicksAreFoundBehindANameWithSpacesAndParentheses) {
  EXPECT_EQ(stat_ticks("42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 700 34 0 0 20 0 1 0 100 1000 10"), 734U);
  EXPECT_FALSE(stat_ticks("42 (short) S 1"));
  EXPECT_FALSE(stat_ticks(""));
}

TEST(ProcessProbe, FieldsAreWholeNamesInKilobytes) {
  const std::string_view text = "XSlab: 9 kB\nSlabX: 8 kB\nSlab:        1234 kB\nEnd: 1 kB\n";
  EXPECT_EQ(field_bytes(text, "Slab"), 1234 * 1024);
  EXPECT_FALSE(field_bytes(text, "Shmem"));
}

TEST(ProcessProbe, TcpPages) {
  EXPECT_EQ(tcp_pages("sockets: used 17\nTCP: inuse 1 orphan 0 tw 20 alloc 1 mem 382\nUDP: inuse 0 mem 5\n"), 382);
  EXPECT_FALSE(tcp_pages("UDP: inuse 0 mem 5\n"));
}

TEST(ProcessProbe, OnlyAListenerOfThatPortCounts) {
  const std::string_view table =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 111 1\n"
      "   1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1\n"
      "   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n";
  EXPECT_EQ(listening_inode(table, 0x1F90), 333U);
  EXPECT_FALSE(listening_inode(table, 1));
}

TEST(ProcessProbe, ThisProcessIsFoundByItsListener) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&at), length), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length);
  transport::SocketAddress address = *transport::SocketAddress::parse("127.0.0.1:1");
  address.port = ntohs(at.sin_port);
  EXPECT_EQ(listener_of(address), getpid());
  close(listener);
  EXPECT_FALSE(listener_of(address));
}

TEST(ProcessProbe, TheCostOfThisProcess) {
  const auto cost = cost_of(getpid());
  ASSERT_TRUE(cost);
  EXPECT_GT(cost->user_bytes, 0);
  EXPECT_GT(own_cpu_s(), 0);
  EXPECT_GT(kernel_bytes(), 0);
  EXPECT_FALSE(cost_of(999'999'999));
}

}  // namespace
}  // namespace herald::load
