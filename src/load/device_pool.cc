#include "load/device_pool.h"

#include <algorithm>

#include "base/encoding.h"

namespace herald::load {

using transport::CloseCode;
using transport::WebSocketOpcode;

namespace {

// Connections of one loop that are being opened at a time: enough to keep a server busy, far below its backlog.
constexpr std::size_t kOpeningMost = 512;
constexpr std::chrono::milliseconds kRetryAfter{200};
constexpr std::chrono::milliseconds kComeBackAfter{1'000};
// Masking is a rule for clients (RFC 6455 §5.3); nobody is to be kept from guessing here.
constexpr transport::WebSocketMask kMask{0x5a, 0x13, 0xc7, 0x29};

bool is_good(std::string_view reply) {
  return reply == "OK" || reply.find("REGISTERED") != std::string_view::npos;
}

}  // namespace

void Device::on_ready(bool readable, bool writable, bool hung_up) {
  pool->on_ready(*this, readable, writable, hung_up);
}

// One for all devices of the pool: it serves whichever is being read.
class DevicePool::Sink final : public transport::WebSocketSink {
 public:
  explicit Sink(DevicePool& pool) : pool_(pool) {}
  void serve(Device& device) { device_ = &device; }

  bool on_text(std::string_view text) override { return pool_.take_text(*device_, text); }
  bool on_binary(std::string_view bytes) override { return pool_.take_text(*device_, bytes); }
  bool on_ping(std::string_view payload) override {
    transport::append_frame(pool_.out_, WebSocketOpcode::kPong, payload, kMask);
    return true;
  }
  bool on_pong(std::string_view /*payload*/) override { return true; }
  void on_close(CloseCode /*code*/, std::string_view /*reason*/) override {
    transport::append_close(pool_.out_, CloseCode::kNormal, {}, kMask);
  }
  void on_error(const transport::WebSocketViolation& /*violation*/) override {}

 private:
  DevicePool& pool_;
  Device* device_ = nullptr;
};

DevicePool::DevicePool(Site& site)
    : site_(site),
      size_(site.plan().devices > site.number ? (site.plan().devices - site.number - 1) / site.plan().loops + 1 : 0),
      devices_(std::make_unique<Device[]>(size_)),
      sink_(std::make_unique<Sink>(*this)) {
  for (std::size_t i = 0; i < size_; ++i) {
    devices_[i].pool = this;
    devices_[i].place = static_cast<std::uint32_t>(i);
  }
}

DevicePool::~DevicePool() = default;

std::uint64_t DevicePool::device_number(std::uint32_t place) const {
  return site_.number + place * site_.plan().loops;
}

bool DevicePool::opening(const Device& device) const {
  return device.link.open() && device.state != DeviceState::kReady && device.state != DeviceState::kAsleep;
}

void DevicePool::bring(std::uint32_t place) {
  coming_.push_back(place);
  open_some();
}

void DevicePool::open_some() {
  while (opening_count_ < kOpeningMost && !coming_.empty()) {
    Device& device = devices_[coming_.front()];
    coming_.pop_front();
    if (!device.link.open()) open(device);
  }
}

void DevicePool::open(Device& device) {
  auto link = site_.links.connect(device_number(device.place) / kConnectionsPerSource);
  if (!link) {
    site_.counters.failures.add();
    return retry(device, kRetryAfter);
  }
  device.link = std::move(*link);
  device.decoder = transport::WebSocketDecoder(transport::WebSocketRole::kClient, kResponseMaxBytes);
  device.state = DeviceState::kConnecting;
  device.cut = false;
  ++opening_count_;
  if (!site_.loop.watch(device.link.fd(), device, true)) ended(device);
}

void DevicePool::retry(Device& device, std::chrono::milliseconds delay) {
  device.state = DeviceState::kAway;
  site_.loop.run_after(delay, [this, place = device.place] { bring(place); });
}

void DevicePool::on_ready(Device& device, bool readable, bool writable, bool hung_up) {
  if (device.state == DeviceState::kConnecting) return establish(device);
  if (writable) flush(device);
  if (device.link.open() && (readable || hung_up)) read(device);
}

void DevicePool::establish(Device& device) {
  switch (device.link.establish()) {
    case LinkStatus::kOk:
      return established(device);
    case LinkStatus::kWantRead:
      return site_.loop.rewatch(device.link.fd(), device, false);
    case LinkStatus::kWantWrite:
      return site_.loop.rewatch(device.link.fd(), device, true);
    default:
      return ended(device);
  }
}

void DevicePool::established(Device& device) {
  site_.loop.rewatch(device.link.fd(), device, false);
  const bool wants_token = registers_devices(site_.plan().scenario) && site_.run.webpush == nullptr;
  if (device.token == nullptr && wants_token) return ask_token(device);
  upgrade(device);
}

void DevicePool::read(Device& device) {
  // OpenSSL may hold bytes that epoll can't see: read until there are none.
  for (;;) {
    const auto buffer = site_.loop.read_buffer();
    const LinkResult got = device.link.read(buffer);
    if (got.status == LinkStatus::kWantRead || got.status == LinkStatus::kWantWrite) return;
    if (got.status != LinkStatus::kOk) return ended(device);
    out_.clear();
    const bool goes_on = take_bytes(device, buffer.first(got.bytes));
    if (!out_.empty() && device.link.open() && !device.cut) write(device, out_);
    if (!device.link.open()) return;
    if (!goes_on || device.cut) return ended(device);
    if (!device.link.secure()) return;
  }
}

bool DevicePool::take_bytes(Device& device, std::span<std::uint8_t> bytes) {
  const bool http = device.state == DeviceState::kToken || device.state == DeviceState::kUpgrading;
  return http ? take_http(device, bytes) : take_frames(device, bytes);
}

bool DevicePool::take_http(Device& device, std::span<std::uint8_t> bytes) {
  if (!device.waiting) device.waiting = std::make_unique<Device::Waiting>();
  device.waiting->in += as_text(bytes);
  const HttpAnswer answer = read_http_answer(device.waiting->in, scratch_);
  if (answer.form == HttpAnswer::Form::kUnfinished) return true;
  if (answer.form == HttpAnswer::Form::kBroken || !take_answer(device, answer)) return false;
  if (!device.link.open()) return true;
  // Frames may follow the handshake in the same segment.
  std::string rest = device.waiting->in.substr(answer.bytes);
  device.waiting->in.clear();
  if (device.waiting->out.empty()) device.waiting.reset();
  return rest.empty() || take_bytes(device, {reinterpret_cast<std::uint8_t*>(rest.data()), rest.size()});
}

bool DevicePool::take_answer(Device& device, const HttpAnswer& answer) {
  if (device.state == DeviceState::kUpgrading) {
    if (answer.status != 101) return false;
    if (site_.run.webpush != nullptr) {
      say_hello(device);
    } else if (registers_devices(site_.plan().scenario)) {
      register_ua(device);
    } else {
      became_ready(device, DeviceState::kReady);
    }
    return true;
  }
  if (answer.status != 200 || answer.body.empty()) return false;
  keep_token(device, answer.body);
  if (answer.close) return false;
  upgrade(device);
  return true;
}

void DevicePool::keep_token(Device& device, std::string_view token) {
  device.token = std::make_unique<char[]>(token.size() + 1);
  std::ranges::copy(token, device.token.get());
}

bool DevicePool::take_frames(Device& device, std::span<std::uint8_t> bytes) {
  sink_->serve(device);
  return device.decoder.consume(bytes, *sink_);
}

bool DevicePool::take_text(Device& device, std::string_view text) {
  if (site_.run.webpush != nullptr) {
    const auto delivery = webpush_delivery(text, site_.plan().run);
    if (!delivery) return take_webpush_reply(device, text);
    take_delivery(device, *delivery, site_.run.clock.mono());
    return true;
  }
  DeliveryScanner deliveries(text, site_.plan().run);
  auto found = deliveries.next();
  if (!found) return take_reply(device, text);
  const MonoTime now = site_.run.clock.mono();
  for (; found; found = deliveries.next()) take_delivery(device, *found, now);
  return true;
}

void DevicePool::take_delivery(Device& device, const FoundDelivery& found, MonoTime now) {
  const Arrival arrival = note_arrival(site_, found, device_number(device.place), now);
  if (arrival == Arrival::kFirst && drop_per_mille_ > 0 && site_.chance(drop_per_mille_)) {
    site_.counters.unacked.add();
    device.cut = true;
  }
  if (!device.cut && !found.message_id.empty()) {
    acknowledge(device, found.message_id);
  }
  if (arrival == Arrival::kFirst && on_arrival_) on_arrival_(device.place);
}

void DevicePool::acknowledge(const Device& device, std::string_view message_id) {
  if (site_.run.webpush != nullptr) {
    scratch_ = webpush_ack(webpush_channel(site_.plan().run, device_number(device.place)), message_id);
  } else {
    scratch_ = R"({"messageType":"ack","messageId":")";
    scratch_ += message_id;
    scratch_ += "\"}";
  }
  append_text_frame(out_, scratch_);
}

bool DevicePool::take_webpush_reply(Device& device, std::string_view text) {
  if (device.state == DeviceState::kRegisteringUa) {
    const auto uaid = string_member(text, "uaid");
    if (string_member(text, "messageType") != "hello" || uaid.empty()) return false;
    // A server that changes a UAID has forgotten the device.
    if (device.token != nullptr && uaid != device.token.get()) return false;
    if (device.token == nullptr) keep_token(device, uaid);
    if (device.has_app) {
      became_ready(device, DeviceState::kReady);
    } else {
      register_channel(device);
    }
  } else if (device.state == DeviceState::kRegisteringWa) {
    const auto endpoint = string_member(text, "pushEndpoint");
    const auto url = url_of_reply(endpoint);
    if (url.empty()) return false;
    site_.run.webpush->meet(endpoint);
    device.has_app = true;
    site_.run.apps.set(static_cast<std::uint32_t>(device_number(device.place) % site_.plan().apps), url);
    became_ready(device, DeviceState::kReady);
  }
  return true;
}

bool DevicePool::take_reply(Device& device, std::string_view text) {
  switch (device.state) {
    case DeviceState::kRegisteringUa:
      if (!is_good(text)) return false;
      if (device.has_app) {
        became_ready(device, DeviceState::kReady);
      } else {
        register_wa(device);
      }
      return true;
    case DeviceState::kRegisteringWa: {
      const auto url = url_of_reply(text);
      if (url.empty()) return false;
      device.has_app = true;
      site_.run.apps.set(static_cast<std::uint32_t>(device_number(device.place) % site_.plan().apps), url);
      if (interface_) {
        fall_asleep(device);
      } else {
        became_ready(device, DeviceState::kReady);
      }
      return true;
    }
    case DeviceState::kFallingAsleep:
      if (!is_good(text)) return false;
      became_ready(device, DeviceState::kAsleep);
      return true;
    default:
      return true;
  }
}

void DevicePool::ask_token(Device& device) {
  device.state = DeviceState::kToken;
  write(device, "GET /token HTTP/1.1\r\nHost: " + site_.run.target.authority + "\r\n\r\n");
}

void DevicePool::upgrade(Device& device) {
  device.state = DeviceState::kUpgrading;
  write(device, "GET / HTTP/1.1\r\nHost: " + site_.run.target.authority +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: aGVyYWxkIGJlbmNoIGtleQ==\r\nSec-WebSocket-Protocol: push-notification\r\n\r\n");
}

void DevicePool::say_hello(Device& device) {
  device.state = DeviceState::kRegisteringUa;
  append_text_frame(out_, webpush_hello(device.token != nullptr ? device.token.get() : ""));
}

void DevicePool::register_channel(Device& device) {
  device.state = DeviceState::kRegisteringWa;
  append_text_frame(out_, webpush_register(webpush_channel(site_.plan().run, device_number(device.place)),
                                           site_.run.webpush->public_key()));
}

void DevicePool::register_ua(Device& device) {
  device.state = DeviceState::kRegisteringUa;
  scratch_ = R"({"data":{"uatoken":")" + std::string(device.token.get()) + R"("},"command":"register/ua"})";
  append_text_frame(out_, scratch_);
}

void DevicePool::register_wa(Device& device) {
  device.state = DeviceState::kRegisteringWa;
  const auto app = device_number(device.place) % site_.plan().apps;
  scratch_ = R"({"data":{"uatoken":")" + std::string(device.token.get()) + R"(","watoken":"load-)" +
             std::to_string(site_.plan().run) + "-" + std::to_string(app) + R"("},"command":"register/wa"})";
  append_text_frame(out_, scratch_);
}

void DevicePool::fall_asleep(Device& device) {
  device.state = DeviceState::kFallingAsleep;
  const auto [ip, port] = interface_(device.place);
  scratch_ = R"({"data":{"uatoken":")" + std::string(device.token.get()) + R"(","interface":{"ip":")" + ip +
             R"(","port":")" + std::to_string(port) + R"("}},"command":"register/ua"})";
  append_text_frame(out_, scratch_);
}

void DevicePool::became_ready(Device& device, DeviceState state) {
  device.state = state;
  --opening_count_;
  site_.counters.ready.add();
  site_.counters.registered.add();
  open_some();
}

void DevicePool::append_text_frame(std::string& out, std::string_view text) const {
  transport::append_frame(out, WebSocketOpcode::kText, text, kMask);
}

void DevicePool::send_text(std::uint32_t place, std::string_view text) {
  Device& device = devices_[place];
  if (device.state != DeviceState::kReady) return;
  scratch_.clear();
  append_text_frame(scratch_, text);
  write(device, scratch_);
}

void DevicePool::write(Device& device, std::string_view bytes) {
  if (device.waiting && !device.waiting->out.empty()) {
    device.waiting->out += bytes;
    return;
  }
  const LinkResult sent = device.link.write(bytes);
  if (sent.status == LinkStatus::kFailed || sent.status == LinkStatus::kEnded) {
    device.cut = true;  // whoever reads next sees it end
    return;
  }
  if (sent.bytes == bytes.size()) return;
  if (!device.waiting) device.waiting = std::make_unique<Device::Waiting>();
  device.waiting->out = bytes.substr(sent.bytes);
  site_.loop.rewatch(device.link.fd(), device, true);
}

void DevicePool::flush(Device& device) {
  if (!device.waiting || device.waiting->out.empty()) return;
  const std::string bytes = std::exchange(device.waiting->out, {});
  write(device, bytes);
  if (!device.waiting->out.empty()) return;
  if (device.waiting->in.empty()) device.waiting.reset();
  site_.loop.rewatch(device.link.fd(), device, false);
}

void DevicePool::close(Device& device, bool politely) {
  if (opening(device)) --opening_count_;
  if (device.state == DeviceState::kReady) site_.counters.ready.take();
  site_.loop.unwatch(device.link.fd());
  if (politely) {
    device.link.close();
  } else {
    device.link.cut();
  }
  device.waiting.reset();
}

void DevicePool::ended(Device& device) {
  const DeviceState was = device.state;
  const bool on_purpose = was == DeviceState::kReady && device.cut;
  close(device, !device.cut);
  if (was == DeviceState::kAsleep) return;
  if (was == DeviceState::kReady) {
    if (!on_purpose) site_.counters.disconnects.add();
    retry(device, kComeBackAfter);
  } else {
    // A server may end the connection after /token; then the rest goes over the next one.
    if (was != DeviceState::kToken || device.token == nullptr) site_.counters.failures.add();
    retry(device, was == DeviceState::kToken ? std::chrono::milliseconds(0) : kRetryAfter);
  }
  open_some();
}

void DevicePool::leave(std::uint32_t place, bool politely) {
  Device& device = devices_[place];
  if (device.state != DeviceState::kReady) return;
  if (politely) {
    scratch_.clear();
    transport::append_close(scratch_, CloseCode::kGoingAway, {}, kMask);
    write(device, scratch_);
  }
  close(device, politely);
  device.state = DeviceState::kAway;
}

}  // namespace herald::load
