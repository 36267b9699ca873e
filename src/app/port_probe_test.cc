#include "app/port_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace herald::app {
namespace {

using testing::HasSubstr;

const transport::SocketAddress kAt = *transport::SocketAddress::parse("192.0.2.1:80");

TEST(PortProbe, TellsATakenPortFromAnAddressOfAnotherMachine) {
  EXPECT_EQ(probe_port(kAt).error().kind, ErrorKind::kNotFound);
  sockaddr_storage storage{};
  const socklen_t size = transport::SocketAddress::parse("127.0.0.1:0")->to_sockaddr(storage);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size), 0);
  ASSERT_EQ(::listen(fd, 1), 0);
  socklen_t bound = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &bound);
  EXPECT_EQ(probe_port(transport::SocketAddress::from_sockaddr(storage)).error().kind, ErrorKind::kConflict);
  ::close(fd);
  EXPECT_TRUE(probe_port(*transport::SocketAddress::parse("127.0.0.1:0")));
}

TEST(PortProbe, AdviceFitsTheReason) {
  EXPECT_THAT(bind_advice(ErrorKind::kUnauthorized, kAt, "--listen"), HasSubstr("CAP_NET_BIND_SERVICE"));
  EXPECT_THAT(bind_advice(ErrorKind::kNotFound, kAt, "--listen"), HasSubstr("no address 192.0.2.1"));
  EXPECT_THAT(bind_advice(ErrorKind::kConflict, kAt, "--listen"), HasSubstr("stop what uses that port"));
  for (const auto kind : {ErrorKind::kUnauthorized, ErrorKind::kNotFound, ErrorKind::kConflict}) {
    EXPECT_THAT(bind_advice(kind, kAt, "--operations-listen"), HasSubstr("--operations-listen"));
  }
}

}  // namespace
}  // namespace herald::app
