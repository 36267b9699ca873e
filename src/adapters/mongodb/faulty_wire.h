#pragma once
// For this folder's tests: a wire to the database that fails as a test says. It breaks connections, answers in the
// database's place, changes its replies, and lets it pass for a member of a replica set. Private to this folder.

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/mongodb/bson.h"
#include "adapters/mongodb/wire_message.h"
#include "base/check.h"

namespace herald::adapters::mongodb {

// What becomes of one command.
struct Fate {
  enum class Kind {
    kPass,
    kBreak,      // the connection breaks before the database gets it
    kLoseReply,  // the database carries it out; the connection breaks in place of the reply
    kAnswer,     // the database does not get it; `document` is the reply
    kAmend,      // the database carries it out; the fields of `document` replace those of its reply
    kStall,      // the database does not get it, and no reply comes
  };
  Kind kind = Kind::kPass;
  Document document;
};

struct WireCommand {
  std::string name;                      // "insert"
  std::string collection;                // of the commands that name one
  std::size_t documents = 0;             // that it writes, as far as they came beside it
  std::shared_ptr<const Document> body;  // without those
};

// Listens on loopback; carries each connection to `host`. Made, asked and destroyed by one thread.
class FaultyWire {
 public:
  FaultyWire(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {
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
  ~FaultyWire() {
    ended_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const auto& pair : pairs_) pair->hang_up();
    close(listener_);
  }
  FaultyWire(const FaultyWire&) = delete;
  FaultyWire& operator=(const FaultyWire&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(own_port_); }
  // Commands that came so far, whatever became of them. The driver's own watching of the server does not count.
  [[nodiscard]] int commands() const { return commands_; }

  // `decide` is asked for each command from now on, on the wire's thread.
  void decide_by(std::function<Fate(const WireCommand&)> decide) {
    const std::lock_guard lock(mutex_);
    decide_ = std::move(decide);
  }
  void pass_all() { decide_by(nullptr); }
  // These fields replace those of every reply to hello from now on: what the server says of itself.
  void pose_as(const Document& hello) {
    const std::lock_guard lock(mutex_);
    hello_.emplace(*hello.get());
  }

  // A connection breaks when the `next`th command from now on comes: before the database gets it, or, if `answered`,
  // once it has been carried out and answered.
  void break_at(int next, bool answered) {
    left_ = next;
    decide_by([this, answered](const WireCommand&) -> Fate {
      if (left_ <= 0 || --left_ > 0) return {};
      return {answered ? Fate::Kind::kLoseReply : Fate::Kind::kBreak, {}};
    });
  }
  // So it does at each command.
  void break_always() {
    decide_by([](const WireCommand&) -> Fate { return {Fate::Kind::kBreak, {}}; });
  }
  // No more. True if it broke since break_at().
  bool mend() {
    pass_all();
    return left_.exchange(0) <= 0;
  }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    std::string request;  // what has come of it
    std::string reply;
    bool loses_its_reply = false;
    bool asked_hello = false;
    std::optional<Document> amendment;
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
                           (all[2 + 2 * i].revents == 0 || forward_replies(*pairs_[i]));
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
    std::string message;
    if (!receive(pair.client, pair.request)) return false;
    while (WireMessage::take(pair.request, message)) {
      if (!forward_request(pair, WireMessage(std::move(message)))) return false;
    }
    return true;
  }

  bool forward_request(Pair& pair, const WireMessage& message) {
    WireCommand command = read(message);
    pair.asked_hello = command.name == "hello" || command.name == "isMaster" || command.name == "ismaster";
    if (pair.asked_hello) return send_all(pair.server, message.bytes());
    ++commands_;
    Fate fate = decide(command);
    switch (fate.kind) {
      case Fate::Kind::kBreak:
        return false;
      case Fate::Kind::kStall:
        return true;
      case Fate::Kind::kAnswer:
        return send_all(pair.client, WireMessage::answer(message, fate.document).bytes());
      case Fate::Kind::kAmend:
        pair.amendment = std::move(fate.document);
        break;
      case Fate::Kind::kLoseReply:
        pair.loses_its_reply = true;
        break;
      case Fate::Kind::kPass:
        break;
    }
    return send_all(pair.server, message.bytes());
  }

  bool forward_replies(Pair& pair) {
    std::string message;
    if (!receive(pair.server, pair.reply) || pair.loses_its_reply) return false;
    while (WireMessage::take(pair.reply, message)) {
      if (!send_all(pair.client, changed(pair, WireMessage(std::move(message))).bytes())) return false;
    }
    return true;
  }

  [[nodiscard]] WireMessage changed(Pair& pair, WireMessage reply) {
    const std::lock_guard lock(mutex_);
    if (pair.asked_hello && hello_) return reply.with_body(amended(reply.body(), *hello_));
    if (!pair.amendment) return reply;
    return reply.with_body(amended(reply.body(), *std::exchange(pair.amendment, std::nullopt)));
  }

  [[nodiscard]] Fate decide(const WireCommand& command) {
    const std::lock_guard lock(mutex_);
    return decide_ ? decide_(command) : Fate{};
  }

  [[nodiscard]] static WireCommand read(const WireMessage& message) {
    auto body = std::make_shared<const Document>(message.body());
    bson_iter_t at;
    HERALD_CHECK(bson_iter_init(&at, body->get()) && bson_iter_next(&at), "an empty command");
    const char* collection = BSON_ITER_HOLDS_UTF8(&at) ? bson_iter_utf8(&at, nullptr) : "";
    return {bson_iter_key(&at), collection, message.documents(), std::move(body)};
  }
  static bool receive(int from, std::string& into) {
    char buffer[65536];
    const auto got = recv(from, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    into.append(buffer, static_cast<std::size_t>(got));
    return true;
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
  std::mutex mutex_;
  std::function<Fate(const WireCommand&)> decide_;
  std::optional<Document> hello_;
  std::atomic<bool> ended_{false};
  std::atomic<int> left_{0};
  std::atomic<int> commands_{0};
  std::thread thread_;
};

}  // namespace herald::adapters::mongodb
