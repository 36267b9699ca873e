#include "app/commands/awake_device.h"

#include <algorithm>
#include <string_view>

#include "base/random.h"

namespace herald::app {

namespace {
using transport::CloseCode;
constexpr const char* kSubprotocol = "push-notification";
constexpr std::chrono::milliseconds kFarewell{2'000};
// What a server says to the connection that lost its device to another one (docs/protocols.md, section 2.2).
constexpr std::string_view kTakenOver = "taken over";
}  // namespace

std::chrono::milliseconds reconnect_delay(unsigned failures, std::uint8_t random) {
  const std::int64_t full = std::min<std::int64_t>(60'000, std::int64_t{1'000} << std::min(failures, 6U));
  return std::chrono::milliseconds(full - full / 2 * random / 255);
}

class AwakeDevice::Handler final : public transport::WebSocketHandler {
 public:
  explicit Handler(std::shared_ptr<AwakeDevice*> device) : device_(std::move(device)) {}
  void on_open(transport::WebSocket& socket) override {
    if (*device_ == nullptr) return socket.close(CloseCode::kNormal);
    (*device_)->socket_ = &socket;
    (*device_)->act((*device_)->session_.on_open());
  }
  void on_text(std::string_view text) override {
    if (*device_ != nullptr) (*device_)->act((*device_)->session_.on_text(text));
  }
  void on_binary(std::string_view /*bytes*/) override {}
  void on_close_reason(std::string_view reason) override { taken_over_ = reason == kTakenOver; }
  void on_close(CloseCode /*code*/) override {
    if (*device_ == nullptr) return;
    (*device_)->socket_ = nullptr;
    if (taken_over_) return (*device_)->taken_over();
    (*device_)->closed("the server closed the connection");
  }

 private:
  std::shared_ptr<AwakeDevice*> device_;
  bool taken_over_ = false;
};

AwakeDevice::AwakeDevice(Client& client, std::string server, ListeningDevice& session, ListenOutput& output)
    : client_(client), server_(std::move(server)), session_(session), output_(output) {}

AwakeDevice::~AwakeDevice() {
  *self_ = nullptr;
  client_.loop().cancel(retry_);
  client_.loop().cancel(give_up_);
}

std::optional<Failure> AwakeDevice::run() {
  return drive();
}

std::optional<Failure> AwakeDevice::register_once() {
  once_ = true;
  return drive();
}

std::optional<Failure> AwakeDevice::drive() {
  connect();
  while (!done_ || socket_ != nullptr) client_.loop().run_once(std::chrono::milliseconds(1'000));
  return result_;
}

void AwakeDevice::connect() {
  const auto url = transport::Url::parse("ws" + server_.substr(server_.starts_with("http") ? 4 : 2) + "/");
  if (!url) return finish(Failure{ExitCode::kUsage, "'" + server_ + "' is not a server's address"});
  transport::websocket_connect(client_.loop(), *url, kSubprotocol, {}, client_.options(),
                               std::make_unique<Handler>(self_), [self = self_](const Error& error) {
                                 if (*self != nullptr) (*self)->not_connected(error);
                               });
}

void AwakeDevice::act(const DeviceStep& step) {
  for (const auto& frame : step.send) socket_->send_text(frame);
  if (step.error) return finish(Failure{ExitCode::kFailed, "the server refused this device: " + *step.error});
  if (step.url) output_.registered(*step.url, session_.signed_only());
  if (step.subscription) output_.subscribed(*step.subscription);
  for (const auto& notification : step.arrived) output_.arrived(notification);
  if (step.registered) failures_ = 0;
  if ((once_ && step.registered) || output_.enough()) finish(std::nullopt);
}

// Neither a file that can't be read nor a certificate becomes good by itself.
void AwakeDevice::not_connected(const Error& error) {
  const bool lasts = error.kind == ErrorKind::kInvalid || error.message.starts_with(transport::kUntrustedCertificate);
  if (lasts) return finish(failure_of(error));
  closed(error.message);
}

// To connect again would take the device back, and the other client would do the same.
void AwakeDevice::taken_over() {
  finish(Failure{ExitCode::kFailed,
                 "another client with the same token took over; stop that one, or give this one another --token-file"});
}

void AwakeDevice::closed(const std::string& why) {
  if (done_) return;
  std::uint8_t random = 0;
  SystemRandom().fill({&random, 1});
  const auto delay = reconnect_delay(failures_++, random);
  output_.note(why + "; trying again in " + std::to_string((delay.count() + 999) / 1000) + " s");
  retry_ = client_.loop().run_after(delay, [this] { connect(); });
}

void AwakeDevice::finish(std::optional<Failure> result) {
  if (done_) return;
  done_ = true;
  result_ = std::move(result);
  hang_up();
}

void AwakeDevice::hang_up() {
  if (socket_ == nullptr) return;
  socket_->close(CloseCode::kNormal);
  // The transport ends a connection whose peer does not answer; this is for a network that went away meanwhile.
  give_up_ = client_.loop().run_after(kFarewell, [this] { socket_ = nullptr; });
}

}  // namespace herald::app
