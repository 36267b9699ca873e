#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/random.h"
#include "transport/client.h"
#include "transport/client_request.h"
#include "transport/client_response.h"
#include "transport/client_stream.h"
#include "transport/client_upgrade.h"
#include "transport/websocket_codec.h"

namespace herald::transport {
namespace {

// How much of a refusal's body is read.
constexpr std::uint64_t kRefusalMaxBytes = 64 * 1024;

// One connection, from before its upgrade. Something with a time limit is always awaited, so its timer owns it; at the
// end the task that tells the handler does.
class ClientWebSocket final : public std::enable_shared_from_this<ClientWebSocket>,
                              private WebSocket,
                              private WebSocketSink,
                              private ClientStream::Owner {
 public:
  ClientWebSocket(EventLoop& loop, ClientUpgrade upgrade, std::chrono::milliseconds ping_after,
                  std::unique_ptr<WebSocketHandler> handler, std::function<void(Error)> failed)
      : loop_(loop),
        stream_(loop, *this),
        upgrade_(std::make_unique<Upgrading>(std::move(upgrade), std::move(failed))),
        decoder_(WebSocketRole::kClient, kClientMessageMaxBytes),
        handler_(std::move(handler)),
        ping_after_(ping_after) {}

  void start(const Url& url, const ClientOptions& options) {
    arm(options.timeout, [this] { refuse({ErrorKind::kUnavailable, "the WebSocket did not open in time"}); });
    if (const Status opened = stream_.open(url, options); !opened) refuse(opened.error());
  }

 private:
  enum class State : std::uint8_t { kUpgrading, kOpen, kClosing, kEnded };
  // What is needed only until the connection is open.
  struct Upgrading {
    Upgrading(ClientUpgrade to, std::function<void(Error)> or_else)
        : upgrade(std::move(to)), failed(std::move(or_else)) {}
    ClientUpgrade upgrade;
    ClientResponseParser parser{false, kRefusalMaxBytes};
    std::function<void(Error)> failed;
  };

  // The stream
  void on_connected() override { stream_.write(upgrade_->upgrade.request); }

  void on_bytes(std::span<std::uint8_t> bytes) override {
    heard_ = true;
    if (state_ == State::kUpgrading) return on_answer(as_text(bytes));
    decoder_.consume(bytes, *this);
  }

  void on_drained() override {
    if (state_ == State::kOpen) handler_->on_drained();
  }

  void on_end(Status how) override {
    if (state_ != State::kUpgrading) return finish();
    if (how) how = upgrade_->parser.end();
    refuse(how ? Error{ErrorKind::kInvalid, "the server did not open a WebSocket"} : how.error());
  }

  // The upgrade
  void on_answer(std::string_view bytes) {
    const auto complete = upgrade_->parser.consume(bytes);
    if (!complete) return refuse(complete.error());
    if (!*complete) return;
    if (const Status accepted = check_upgrade(upgrade_->upgrade, upgrade_->parser.take_response()); !accepted)
      return refuse(accepted.error());
    std::string rest = upgrade_->parser.take_rest();
    upgrade_.reset();
    state_ = State::kOpen;
    await_silence();
    handler_->on_open(*this);
    decoder_.consume({reinterpret_cast<std::uint8_t*>(rest.data()), rest.size()}, *this);
  }

  void refuse(Error error) {
    stop();
    loop_.post([self = shared_from_this(), error = std::move(error)] {
      self->handler_.reset();
      self->upgrade_->failed(error);
    });
    loop_.cancel(timer_);
  }

  // The decoder
  bool on_text(std::string_view text) override {
    if (state_ == State::kOpen) handler_->on_text(text);
    return state_ != State::kEnded;
  }

  bool on_binary(std::string_view bytes) override {
    if (state_ == State::kOpen) handler_->on_binary(bytes);
    return state_ != State::kEnded;
  }

  bool on_ping(std::string_view payload) override {
    if (state_ == State::kOpen) send(WebSocketOpcode::kPong, payload);
    return state_ != State::kEnded;
  }

  bool on_pong(std::string_view) override { return true; }

  void on_close(CloseCode code, std::string_view reason) override {
    ending_ = code;
    if (!reason.empty() && state_ == State::kOpen) handler_->on_close_reason(reason);
    close(code, {});
  }

  void on_error(const WebSocketViolation& violation) override { close(violation.code, violation.reason); }

  // The handler's side
  void send_text(std::string_view text) override {
    if (state_ == State::kOpen) send(WebSocketOpcode::kText, text);
  }

  void close(CloseCode code, std::string_view reason) override {
    if (state_ != State::kOpen) return;
    std::string frame;
    append_close(frame, code, reason, fresh_mask());
    stream_.write(frame);
    state_ = State::kClosing;
    arm(kClientCloseTimeout, [this] { finish(); });
  }

  [[nodiscard]] std::size_t unsent_bytes() const override { return stream_.unsent_bytes(); }
  [[nodiscard]] SocketAddress peer() const override { return stream_.peer(); }

  void send(WebSocketOpcode opcode, std::string_view payload) {
    if (payload.size() + stream_.unsent_bytes() > kClientSendBufferMaxBytes) return finish();
    std::string frame;
    append_frame(frame, opcode, payload, fresh_mask());
    stream_.write(frame);
  }

  WebSocketMask fresh_mask() {
    WebSocketMask mask{};
    SystemRandom().fill(mask);
    return mask;
  }

  // Life and death
  void await_silence() {
    heard_ = false;
    arm(ping_after_, [this] { on_quiet(false); });
  }

  void on_quiet(bool pinged) {
    if (heard_) return await_silence();
    if (pinged) return finish();
    send(WebSocketOpcode::kPing, {});
    if (state_ == State::kOpen) arm(ping_after_, [this] { on_quiet(true); });
  }

  template <class Then>
  void arm(std::chrono::milliseconds delay, Then then) {
    const TimerId before = timer_;
    timer_ = loop_.run_after(delay, [self = shared_from_this(), then = std::move(then)] { then(); });
    loop_.cancel(before);
  }

  void stop() {
    state_ = State::kEnded;
    stream_.close();
  }

  void finish() {
    if (state_ == State::kEnded) return;
    stop();
    loop_.post([self = shared_from_this()] {
      self->handler_->on_close(self->ending_);
      self->handler_.reset();
    });
    loop_.cancel(timer_);
  }

  EventLoop& loop_;
  ClientStream stream_;
  std::unique_ptr<Upgrading> upgrade_;
  WebSocketDecoder decoder_;
  std::unique_ptr<WebSocketHandler> handler_;
  std::chrono::milliseconds ping_after_;
  TimerId timer_ = 0;
  CloseCode ending_ = CloseCode::kAbnormal;
  State state_ = State::kUpgrading;
  bool heard_ = false;  // since the timer was armed
};

}  // namespace

void websocket_connect(EventLoop& loop, const Url& url, std::string subprotocol,
                       std::vector<std::pair<std::string, std::string>> headers, const ClientOptions& options,
                       std::unique_ptr<WebSocketHandler> handler, std::function<void(Error)> failed) {
  SystemRandom random;
  auto upgrade = make_upgrade(url, std::move(subprotocol), std::move(headers), random);
  if (!upgrade) {
    loop.post([failed = std::move(failed), error = upgrade.error()] { failed(error); });
    return;
  }
  std::make_shared<ClientWebSocket>(loop, std::move(*upgrade), options.ping_after, std::move(handler),
                                    std::move(failed))
      ->start(url, options);
}

}  // namespace herald::transport
