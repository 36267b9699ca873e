#pragma once
// For this folder's tests: a wire to the database that breaks at a chosen command. The driver's own watching of the
// server goes through it and is left alone. Private to this folder.

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace herald::adapters::mongodb {

// Listens on loopback; carries each connection to `host`. Made, asked and destroyed by one thread.
class BreakableWire {
 public:
  BreakableWire(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    HERALD_CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0, "no port for the wire");
    HERALD_CHECK(listen(listener_, SOMAXCONN) == 0, "the wire does not listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    own_port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~BreakableWire() {
    ended_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const auto& pair : pairs_) pair->hang_up();
    close(listener_);
  }
  BreakableWire(const BreakableWire&) = delete;
  BreakableWire& operator=(const BreakableWire&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(own_port_); }
  // Commands that came so far, whatever became of them.
  [[nodiscard]] int commands() const { return commands_; }

  // A connection breaks when the `next`th command from now on comes: before the database gets it, or, if `answered`,
  // once it has been carried out and answered.
  void break_at(int next, bool answered) {
    answered_ = answered;
    left_ = next;
  }
  // So it does at each command.
  void break_always() { always_ = true; }
  // No more. True if it broke since break_at().
  bool mend() {
    always_ = false;
    return left_.exchange(0) <= 0;
  }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::string request;  // what has come of it
    bool loses_its_reply = false;
    void hang_up() {
      if (client >= 0) close(std::exchange(client, -1));
      if (server >= 0) close(std::exchange(server, -1));
    }
  };

  void run() {
    while (!ended_) {
      std::vector<pollfd> all{{listener_, POLLIN, 0}};
      for (const auto& pair : pairs_) {
        all.push_back({pair->client, POLLIN, 0});
        all.push_back({pair->server, POLLIN, 0});
      }
      poll(all.data(), all.size(), -1);
      for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const bool alive = (all[1 + 2 * i].revents == 0 || forward_requests(*pairs_[i])) &&
                           (all[2 + 2 * i].revents == 0 || forward_reply(*pairs_[i]));
        if (!alive) pairs_[i]->hang_up();
      }
      std::erase_if(pairs_, [](const auto& pair) { return pair->client < 0; });
      if (all[0].revents != 0) accept_one();
    }
  }

  void accept_one() {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    auto pair = std::make_unique<Pair>();
    pair->client = client;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host_.c_str(), std::to_string(port_).c_str(), &hints, &found) != 0) return pair->hang_up();
    pair->server = socket(found->ai_family, SOCK_STREAM, 0);
    const bool connected = connect(pair->server, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (!connected) return pair->hang_up();
    pairs_.push_back(std::move(pair));
  }

  // False: the connection has ended, or is to break.
  bool forward_requests(Pair& pair) {
    char buffer[65536];
    const auto got = recv(pair.client, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    pair.request.append(buffer, static_cast<std::size_t>(got));
    // A message begins with its length: four bytes, the lowest first.
    for (std::uint32_t size = 0; pair.request.size() >= sizeof size; pair.request.erase(0, size)) {
      std::memcpy(&size, pair.request.data(), sizeof size);
      static_assert(std::endian::native == std::endian::little);
      if (pair.request.size() < size) break;
      if (!forward_request(pair, std::string_view(pair.request).substr(0, size))) return false;
    }
    return true;
  }

  bool forward_request(Pair& pair, std::string_view message) {
    if (!watches_the_server(message)) {
      ++commands_;
      const bool breaks = always_ || (left_ > 0 && --left_ == 0);
      if (breaks && !answered_) return false;
      pair.loses_its_reply = breaks;
    }
    return send_all(pair.server, message);
  }

  bool forward_reply(Pair& pair) {
    char buffer[65536];
    const auto got = recv(pair.server, buffer, sizeof buffer, 0);
    return got > 0 && !pair.loses_its_reply && send_all(pair.client, {buffer, static_cast<std::size_t>(got)});
  }

  static bool watches_the_server(std::string_view message) {
    return message.find("isMaster") != message.npos || message.find("ismaster") != message.npos ||
           message.find("hello") != message.npos;
  }
  static bool send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  const std::string host_;
  const std::uint16_t port_;
  std::uint16_t own_port_ = 0;
  const int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  std::vector<std::unique_ptr<Pair>> pairs_;  // of the thread
  std::atomic<bool> ended_{false};
  std::atomic<bool> always_{false};
  std::atomic<bool> answered_{false};
  std::atomic<int> left_{0};
  std::atomic<int> commands_{0};
  std::thread thread_;
};

}  // namespace herald::adapters::mongodb
