#pragma once
// The brokers that tests/support/broker.py runs beside a test program, and what it may do to them.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "adapters/amqp/amqp_queue.h"

namespace herald::adapters::testing {

// Throws what is missing: a test beside no broker fails.
inline std::string from_wrapper(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) throw std::runtime_error("run this by tests/support/broker.py KIND -- PROGRAM");
  return text;
}

// What a broker does with more than a queue may hold, by the settings that docs/queues.md recommends.
enum class FullQueue { kSpools, kRefuses, kDropsTheOldest };

// The Nth broker; the 0th runs when the program begins.
class BrokerUnderTest {
 public:
  explicit BrokerUnderTest(std::size_t number = 0) : number_(number) {
    std::istringstream ports(from_wrapper("HERALD_TEST_BROKER_PORTS"));
    for (std::size_t i = 0; i <= number; ++i) ports >> port_;
  }

  [[nodiscard]] BrokerUrl url() const { return {.host = "127.0.0.1", .port = port_, .tls = false}; }
  [[nodiscard]] static FullQueue full_queue() {
    static const std::map<std::string, FullQueue> by_kind{
        {"classic", FullQueue::kSpools}, {"artemis", FullQueue::kRefuses}, {"rabbitmq", FullQueue::kDropsTheOldest}};
    return by_kind.at(from_wrapper("HERALD_TEST_BROKER_KIND"));
  }

  // Returns when it listens.
  void start() { expect_ok(ask("start")); }
  // kill -9; returns when it is gone.
  void kill() { expect_ok(ask("kill")); }
  // Keeps its connections and says nothing, until it goes on.
  void freeze() { expect_ok(ask("freeze")); }
  void thaw() { expect_ok(ask("thaw")); }

  struct State {
    int messages = 0;
    int consumers = 0;
  };
  // The queues that the broker itself names.
  [[nodiscard]] std::map<std::string, State> queues() {
    std::map<std::string, State> found;
    std::istringstream list(ask("queues"));
    for (std::string entry; std::getline(list, entry, ',');) {
      std::istringstream fields(entry);
      std::string name;
      State state;
      fields >> name >> state.messages >> state.consumers;
      if (!fields) throw std::runtime_error(list.str());
      found[name] = state;
    }
    return found;
  }
  // Asks until `holds` does; false if it does not within two minutes.
  template <class Condition>
  [[nodiscard]] bool queues_reach(Condition holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (std::chrono::steady_clock::now() < deadline) {
      if (holds(queues())) return true;
    }
    return false;
  }

 private:
  static void expect_ok(const std::string& answer) {
    if (answer != "ok") throw std::runtime_error(answer);
  }

  [[nodiscard]] std::string ask(const std::string& verb) const {
    const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(from_wrapper("HERALD_TEST_BROKER_CONTROL"))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    const std::string line = verb + " " + std::to_string(number_) + "\n";
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
        ::write(connection, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
      for (char c = 0; ::read(connection, &c, 1) == 1 && c != '\n';) answer += c;
    }
    ::close(connection);
    return answer;
  }

  std::size_t number_;
  std::uint16_t port_ = 0;
};

}  // namespace herald::adapters::testing
