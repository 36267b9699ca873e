#pragma once
// For this folder's tests: one shard with everything around it, and devices that talk to it, all driven by hand.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "roles/user_agent_ws/test_ports.h"
#include "roles/user_agent_ws/user_agent_ws.h"

namespace herald::roles::user_agent_ws::test {

// Runs tasks when advance() passes their time.
class FakeTimers final : public TimerService {
 public:
  explicit FakeTimers(ManualClock& clock) : clock_(clock) {}
  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    tasks_.emplace(std::pair(clock_.mono() + delay, ++last_), std::move(task));
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(tasks_, [id](const auto& entry) { return entry.first.second == id; });
  }
  void advance(std::chrono::milliseconds by) {
    clock_.advance(by);
    while (!tasks_.empty() && tasks_.begin()->first.first <= clock_.mono()) {
      Task task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      task();
    }
  }
  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }

 private:
  ManualClock& clock_;
  TimerId last_ = 0;
  std::map<std::pair<MonoTime, TimerId>, Task> tasks_;
};

class FakeSocket final : public transport::WebSocket {
 public:
  std::vector<std::string> texts;
  std::optional<transport::CloseCode> closed;
  std::string close_reason;
  std::size_t unsent = 0;

  void send_text(std::string_view text) override {
    HERALD_CHECK(!closed, "nothing is sent after close()");
    texts.emplace_back(text);
  }
  void close(transport::CloseCode code, std::string_view reason) override {
    HERALD_CHECK(!closed, "closed once");
    closed = code;
    close_reason = reason;
  }
  [[nodiscard]] std::size_t unsent_bytes() const override { return unsent; }
  [[nodiscard]] transport::SocketAddress peer() const override { return {}; }
};

// Metrics that can be asked for by name.
class KeptMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view /*help*/, MetricLabels labels) override {
    return counters[key(name, labels)];
  }
  Gauge& gauge(std::string_view name, std::string_view /*help*/, MetricLabels labels) override {
    return gauges[key(name, labels)];
  }
  Histogram& histogram(std::string_view name, std::string_view /*help*/, std::vector<double> bounds,
                       MetricLabels labels) override {
    return histograms.try_emplace(key(name, labels), std::move(bounds)).first->second;
  }
  std::map<std::string, Counter> counters;
  std::map<std::string, Gauge> gauges;
  std::map<std::string, Histogram> histograms;

 private:
  static std::string key(std::string_view name, const MetricLabels& labels) {
    std::string key(name);
    for (const auto& [label, value] : labels) key += " " + label + "=" + value;
    return key;
  }
};

// One shard with everything around it.
struct World {
  explicit World(Limits limits = {}, std::uint32_t shard = 0)
      : role(Context{
            Config{"WS1", shard, [](const UserAgentId&) { return "UDP1"; }, "https://push.example.com", limits,
                   [](const WakeInterface& wake) { return wake.ip == "127.0.0.1"; },
                   [this](std::uint32_t other, protocol::queue::TakenOver notice) { told.emplace_back(other, notice); },
                   4, nullptr, [this] { return lease_lapses; }},
            store, store, store, queue, executor, timers, clock, random, tokens, endpoints, recent_acks, log,
            metrics}) {}

  UserAgentId user_agent(std::uint8_t n) const {
    UserAgentId id;
    id.bytes.fill(n);
    return id;
  }
  std::string token(std::uint8_t n) const { return tokens.token_of(user_agent(n)); }

  // Stores a message that is pending for these devices.
  MessagePtr store_message(std::vector<std::uint8_t> devices, Message message = {}) {
    for (std::size_t i = 0; i < 8; ++i) message.id.bytes[i] = 0x11;
    message.id.bytes[15] = static_cast<std::uint8_t>(++messages_made);
    message.id.bytes[14] = static_cast<std::uint8_t>(messages_made >> 8);
    if (message.kind == PayloadKind::kFlow2012) {
      if (message.app == AppId{}) message.app.bytes.fill(0xab);
      message.body = R"({"message":")" + std::to_string(messages_made) + R"("})";
    }
    message.accepted_at = clock.wall();
    if (message.expires_at == WallTime{}) message.expires_at = clock.wall() + std::chrono::hours(1);
    auto stored = std::make_shared<const Message>(std::move(message));
    store.messages[stored->id] = stored;
    for (const auto device : devices) store.waiting[user_agent(device)].insert(stored->id);
    return stored;
  }
  protocol::queue::Deliver announcement(const MessagePtr& message, std::vector<std::uint8_t> devices) const {
    protocol::queue::Deliver out{message->id, message->app, message->priority, message->expires_at, {}};
    for (const auto device : devices) out.targets.push_back({user_agent(device), 0});
    return out;
  }
  void announce(const MessagePtr& message, std::vector<std::uint8_t> devices) {
    role.deliver({announcement(message, std::move(devices))});
  }

  ManualClock clock;
  FakeTimers timers{clock};
  ManualExecutor executor;
  FakeStore store;
  FakeQueue queue;
  SeededRandom random{7};
  protocol::flow2012::UaTokens tokens{{std::vector<std::uint8_t>(32, 9)}};
  protocol::subscription::EndpointTokens endpoints{{std::vector<std::uint8_t>(32, 9)}};
  RecentAcks recent_acks{64};
  NullLog log;
  KeptMetrics metrics;
  std::vector<std::pair<std::uint32_t, protocol::queue::TakenOver>> told;
  std::uint32_t messages_made = 0;
  std::optional<std::uint64_t> lease_lapses = 0;
  UserAgentWs role;
};

// A device's end of a connection to `world`.
class Device {
 public:
  explicit Device(World& world, std::uint8_t n = 1, bool offers_subprotocol = true) : world_(world), n_(n) {
    transport::HttpRequest request;
    request.method = "GET";
    if (offers_subprotocol) request.headers = {{"Sec-WebSocket-Protocol", "push-notification"}};
    auto accept = world.role.on_upgrade(request);
    handler_ = std::move(std::get<transport::WebSocketAccept>(accept).handler);
    handler_->on_open(socket);
  }
  ~Device() {
    if (handler_) drop();
  }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  void send(std::string_view text) {
    if (!socket.closed) handler_->on_text(text);
  }
  void send_binary() { handler_->on_binary("\x01"); }
  // Sends and answers what came back, joined by spaces.
  std::string ask(std::string_view text) {
    send(text);
    world_.executor.run();
    return take();
  }
  std::string take() {
    std::string all;
    for (const auto& reply : std::exchange(socket.texts, {})) all += (all.empty() ? "" : " ") + reply;
    return all;
  }
  std::string register_frame(std::string_view more = "") const {
    return R"({"command":"register/ua","data":{"uatoken":")" + world_.token(n_) + "\"" + std::string(more) + "}}";
  }
  std::string wa_frame(std::string_view watoken, std::string_view command = "register/wa") const {
    return R"({"command":")" + std::string(command) + R"(","data":{"uatoken":")" + world_.token(n_) +
           R"(","watoken":")" + std::string(watoken) + "\"}}";
  }
  void register_ua() { HERALD_CHECK(ask(register_frame()).starts_with("OK"), "registered"); }
  void ack(const MessagePtr& message) {
    world_.store.waiting[world_.user_agent(n_)].erase(message->id);
    ack_unrecorded(message);
  }
  // The store does not learn of it yet.
  void ack_unrecorded(const MessagePtr& message) {
    send(R"({"messageType":"ack","messageId":")" + message->id.hex() + "\"}");
    world_.executor.run();
  }
  void drained() {
    socket.unsent = 0;
    handler_->on_drained();
    world_.executor.run();
  }
  // The connection ends.
  void drop() {
    handler_->on_close(transport::CloseCode::kAbnormal);
    handler_.reset();
    world_.executor.run();
  }

  FakeSocket socket;

 private:
  World& world_;
  std::uint8_t n_;
  std::unique_ptr<transport::WebSocketHandler> handler_;
};

}  // namespace herald::roles::user_agent_ws::test
