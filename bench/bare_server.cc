// The yardstick: the least a server on epoll can do, one thread, no store, no checks. What Herald does per notification
// is quoted as a ratio to it, measured in the same run on the same machine.
//
//   bare_server PORT      (0: any; prints the port, then serves until killed)
//
// - a WebSocket upgrade on any path is accepted; each text or binary message is echoed,
// - POST / with a body answers 200 and an empty body,
// - POST /fanout sends the body as one text message to every WebSocket, then answers 200,
// - GET / answers 200.
// It trusts its clients: requests and frames come whole, in one read, with a Content-Length.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kBacklog = 16384;
constexpr int kEventsMax = 1024;

struct State {
  int epoll = -1;
  std::vector<std::uint8_t> kind;  // by descriptor: 0 none, 1 HTTP, 2 WebSocket
  std::vector<int> sockets;        // the WebSockets
  char buffer[1 << 18];
  std::string out;
};

std::string accept_key(std::string_view request) {
  constexpr std::string_view kName = "ec-WebSocket-Key: ";
  const auto at = request.find(kName) + kName.size();
  std::string text(request.substr(at, 24));
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[20];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr);
  unsigned char encoded[32];
  return {reinterpret_cast<char*>(encoded), static_cast<std::size_t>(EVP_EncodeBlock(encoded, digest, 20))};
}

void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (n > 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno != EAGAIN) {
      return;
    }
  }
}

void append_header(std::string& out, std::uint8_t first, std::size_t size) {
  out += static_cast<char>(first);
  if (size < 126) {
    out += static_cast<char>(size);
  } else if (size < 65536) {
    out += static_cast<char>(126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size);
  } else {
    out += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  }
}

void fan_out(State& state, std::string_view body) {
  std::string frame;
  append_header(frame, 0x81, body.size());
  frame += body;
  for (const int fd : state.sockets) send_all(fd, frame);
}

void on_http(State& state, int fd, std::string_view in) {
  state.out.clear();
  while (!in.empty()) {
    const auto head_end = in.find("\r\n\r\n");
    if (head_end == std::string_view::npos) break;
    const auto head = in.substr(0, head_end + 4);
    in.remove_prefix(head.size());
    if (head.find("Sec-WebSocket-Key") != std::string_view::npos) {
      state.out += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
      if (head.find("push-notification") != std::string_view::npos) {
        state.out += "Sec-WebSocket-Protocol: push-notification\r\n";
      }
      state.out += "Sec-WebSocket-Accept: " + accept_key(head) + "\r\n\r\n";
      state.kind[fd] = 2;
      state.sockets.push_back(fd);
      break;
    }
    std::size_t length = 0;
    if (const auto at = head.find("ontent-Length: "); at != std::string_view::npos)
      length = std::strtoul(head.data() + at + 15, nullptr, 10);
    const auto body = in.substr(0, length);
    in.remove_prefix(body.size());
    if (head.starts_with("POST /fanout")) fan_out(state, body);
    state.out += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  }
  send_all(fd, state.out);
}

// False if the connection is over.
bool on_frames(State& state, int fd, std::uint8_t* in, std::size_t size) {
  state.out.clear();
  std::size_t at = 0;
  while (at + 6 <= size) {
    const std::uint8_t opcode = in[at] & 15;
    std::size_t length = in[at + 1] & 127;
    at += 2;
    if (length == 126) {
      length = static_cast<std::size_t>(in[at]) << 8 | in[at + 1];
      at += 2;
    } else if (length == 127) {
      length = 0;
      for (int i = 0; i < 8; ++i) length = length << 8 | in[at++];
    }
    const std::uint8_t* key = in + at;
    at += 4;
    if (opcode == 8) return false;
    for (std::size_t i = 0; i < length; ++i) in[at + i] ^= key[i & 3];
    if (opcode == 1 || opcode == 2) {
      append_header(state.out, 0x80 | opcode, length);
      state.out.append(reinterpret_cast<char*>(in + at), length);
    }
    at += length;
  }
  send_all(fd, state.out);
  return true;
}

void close_connection(State& state, int fd) {
  if (state.kind[fd] == 2) std::erase(state.sockets, fd);
  state.kind[fd] = 0;
  ::close(fd);
}

void accept_all(State& state, int listener) {
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (static_cast<std::size_t>(fd) >= state.kind.size()) state.kind.resize(fd * 2 + 1);
    state.kind[fd] = 1;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(state.epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

void on_readable(State& state, int fd) {
  const ssize_t n = ::recv(fd, state.buffer, sizeof state.buffer, 0);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) close_connection(state, fd);
    return;
  }
  const auto size = static_cast<std::size_t>(n);
  if (state.kind[fd] == 1) {
    on_http(state, fd, {state.buffer, size});
  } else if (!on_frames(state, fd, reinterpret_cast<std::uint8_t*>(state.buffer), size)) {
    close_connection(state, fd);
  }
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), length) != 0 || ::listen(fd, kBacklog) != 0) return -1;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length);
  std::printf("%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  const int listener = listen_on(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  if (listener < 0) {
    std::fputs("bare_server: cannot listen\n", stderr);
    return 1;
  }
  static State state;
  state.kind.resize(1024);
  state.epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  ::epoll_ctl(state.epoll, EPOLL_CTL_ADD, listener, &event);
  epoll_event events[kEventsMax];
  for (;;) {
    const int ready = ::epoll_wait(state.epoll, events, kEventsMax, -1);
    for (int i = 0; i < ready; ++i) {
      if (events[i].data.fd == listener) {
        accept_all(state, listener);
      } else {
        on_readable(state, events[i].data.fd);
      }
    }
  }
}
