#include "simulation/system/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "protocol/user_agent/flow2012/frame.h"

namespace herald::simulation::system {

namespace {

constexpr std::uint32_t kLateAckMostMs = 2'000;
constexpr std::uint32_t kStallMostMs = 3'000;
constexpr milliseconds kReconnectAfter{100};

}  // namespace

// Looks at each frame as the server writes it on one connection.
class Device::Watcher final : public FrameWatcher {
 public:
  explicit Watcher(Device& device) : device_(device) {}

  void frame_written(std::string_view text, WallTime now) override {
    Model& model = device_.site_.model;
    for (const Delivered& delivered : device_.deliveries_in(text)) {
      model.written(device_.id_, delivered.id, delivered.number, now, true);
      const Model::Known* message = model.find(delivered.id);
      if (message == nullptr || device_.watcher_.get() != this || !device_.windowed_now()) continue;
      device_.site_.ground.trace().event("m{} is written to {}", message->post, device_.name());
      // An ack that is on its way may open the window, and takes the message out of its turn.
      if (model.has_acked(device_.id_, delivered.id)) continue;
      check_order(*message);
      if (!message->transient) check_window(*message, delivered.id, now);
    }
  }
  void acked(const MessageId& id) { unacked_.erase(id); }
  // Nothing of it is unacked any more.
  void left(const AppId& app) {
    std::erase_if(unacked_, [&app](const auto& entry) { return entry.second.app == app; });
  }

 private:
  // Of two messages of an app, the one that was answered before the other was posted comes first. One from before the
  // device's registration is not owed to it, and comes when it comes: the routing of that one may have passed already.
  void check_order(const Model::Known& message) {
    if (!first_.insert(message.post).second || !device_.site_.swarm.keeps_order()) return;
    const Model::Post& post = device_.site_.model.post(message.post);
    Step& latest = latest_began_[message.app];
    const bool owed = device_.site_.model.is_sure_recipient(message, device_.id_);
    if (owed && post.accepted != 0 && post.accepted < latest && !message.transient) {
      device_.site_.model.violated("acceptance order per app and device", fmt::format("m{} came late", message.post));
    }
    latest = std::max(latest, post.began);
  }
  void check_window(const Model::Known& message, const MessageId& id, WallTime now) {
    std::erase_if(unacked_, [now](const auto& entry) { return entry.second.expires_at <= now; });
    if (device_.leaves_.contains(message.app)) return;
    unacked_.insert_or_assign(id, Unacked{message.app, message.expires_at});
    const auto own = static_cast<std::size_t>(
        std::ranges::count_if(unacked_, [&](const auto& entry) { return entry.second.app == message.app; }));
    std::set<AppId> apps;
    for (const auto& [each, unacked] : unacked_) apps.insert(unacked.app);
    // Past the bound for all, each app that has none yet gets one.
    const std::size_t most = device_.site_.swarm.limits.unacked_per_device + apps.size() - 1;
    if (own > device_.window_limit() || unacked_.size() > most) {
      device_.site_.model.violated(
          "a slow device costs only its window",
          fmt::format("{} unacked at {}, {} of them of one app", unacked_.size(), device_.id_.hex(), own));
    }
  }

  struct Unacked {
    AppId app;
    WallTime expires_at;
  };

  Device& device_;
  std::map<MessageId, Unacked> unacked_;
  std::set<std::uint64_t> first_;
  std::map<AppId, Step> latest_began_;
};

Device::Device(Site& site, DeviceHost& host, const UserAgentId& id) : site_(site), host_(host), id_(id) {}

Device::~Device() {
  if (link_) link_->forget_device();
}

void Device::connect() {
  if (connected()) link_->device_vanishes();
  if (link_) link_->forget_device();
  if (watcher_) old_watchers_.push_back(std::move(watcher_));
  watcher_ = std::make_unique<Watcher>(*this);
  link_ = host_.connect(*this, *watcher_, subprotocol());
  site_.ground.trace().event("{} connects{}", name(), link_ ? "" : " in vain");
  if (!link_) return reconnect_later();
  greet();
}

// Devices try again until a server takes them.
void Device::reconnect_later() {
  if (!calm_ || std::exchange(reconnecting_, true)) return;
  site_.ground.after(kReconnectAfter, [this] {
    reconnecting_ = false;
    if (!connected() && !stays_away()) connect();
  });
}

void Device::send(std::string text) {
  if (link_) link_->device_sends(std::move(text));
}

void Device::leave() {
  if (!connected()) return;
  site_.ground.trace().event("{} leaves", name());
  link_->device_closes();
  lost();
}

void Device::on_frame(std::string_view text) {
  const auto deliveries = deliveries_in(text);
  take(deliveries);
  if (deliveries.empty()) on_reply(text);
}

void Device::on_closed() {
  site_.ground.trace().event("{} is closed", name());
  lost();
  if (calm_) reconnect_later();
}

void Device::take(const std::vector<Delivered>& deliveries) {
  for (const Delivered& delivered : deliveries) {
    site_.ground.trace().event("{} gets m{}", name(), delivered.number);
    site_.model.received(id_, delivered.id);
    choose_ack(delivered.id);
  }
}

void Device::leaves(const AppId& app) {
  leaves_.insert(app);
}

void Device::has_left(const AppId& app) {
  leaves_.erase(leaves_.find(app));
  if (watcher_) watcher_->left(app);
  for (const auto& old : old_watchers_) old->left(app);
}

void Device::choose_ack(const MessageId& id) {
  if (holding_) return held_.push_back(id);
  if (calm_) return ack(id);
  const Rates& rates = site_.swarm.rates;
  if (choices().chance(rates.ack_never)) return unacked_.push_back(id);
  if (choices().chance(rates.ack_wrong)) ack_wrongly();
  if (choices().chance(rates.ack_late)) {
    site_.ground.after(milliseconds(choices().below(kLateAckMostMs)), [this, id] { ack(id); });
    return;
  }
  ack(id);
  if (choices().chance(rates.ack_twice)) ack(id);
}

// A message of somebody else, or one that it had before. It may not ack what is still to come: that would be a lie
// about itself, which costs it the message.
void Device::ack_wrongly() {
  const auto& all = site_.model.messages();
  auto other = all.begin();
  std::advance(other, choices().below(static_cast<std::uint32_t>(all.size())));
  const bool its_own = site_.model.may_receive(id_, other->second.app);
  if (!its_own || site_.model.has_received(id_, other->first)) ack(other->first);
}

void Device::ack(const MessageId& id) {
  if (!connected() || !may_ack()) return unacked_.push_back(id);
  site_.model.acked(id_, id);
  watcher_->acked(id);
  for (const auto& old : old_watchers_) old->acked(id);
  send(ack_frame(id));
}

void Device::hold_acks(bool hold) {
  holding_ = hold;
  if (hold) return;
  for (const MessageId& id : std::exchange(held_, {})) ack(id);
}

void Device::calm_down() {
  calm_ = true;
  for (const MessageId& id : std::exchange(unacked_, {})) ack(id);
  if (!connected() && !stays_away()) connect();
}

void Device::act() {
  if (!connected()) return connect();
  const Rates& rates = site_.swarm.rates;
  if (choices().chance(rates.device_vanishes)) {
    site_.ground.trace().fault("device vanishes");
    link_->device_vanishes();
    return lost();
  }
  if (choices().chance(rates.device_stalls)) {
    site_.ground.trace().fault("device stalls");
    return link_->stall(milliseconds(choices().below(kStallMostMs)));
  }
}

Flow2012Device::Flow2012Device(Site& site, DeviceHost& host, const UserAgentId& id, std::vector<std::string> apps,
                               bool sleeps)
    : Device(site, host, id), apps_(std::move(apps)), registered_(apps_.size()), sleeps_(sleeps) {}

std::string Flow2012Device::name() const {
  return fmt::format("device {}", id_.bytes.back());
}

void Flow2012Device::greet() {
  asked_.clear();
  online_ = false;
  const bool asleep = sleeps_ && !calm() && choices().chance(300);
  register_ua(asleep);
  if (asleep) return;
  for (std::size_t app = 0; app < apps_.size(); ++app) {
    if (calm() || choices().chance(700)) register_wa(app);
  }
}

void Flow2012Device::lost() {
  online_ = false;
  asked_.clear();
}

std::size_t Flow2012Device::window_limit() const {
  return site_.swarm.limits.unacked_window;
}

bool Flow2012Device::windowed_now() const {
  return connected() && std::ranges::none_of(asked_, [](const Asked& asked) { return asked.what == Want::kPending; });
}

std::vector<Delivered> Flow2012Device::deliveries_in(std::string_view frame) const {
  constexpr std::string_view kId = R"("messageId":")";
  constexpr std::string_view kNumber = R"("message":"m)";
  std::vector<Delivered> deliveries;
  if (!frame.starts_with('[')) return deliveries;
  for (auto at = frame.find(kNumber); at != std::string_view::npos; at = frame.find(kNumber, at + 1)) {
    Delivered delivered;
    delivered.number = std::strtoull(frame.data() + at + kNumber.size(), nullptr, 10);
    const auto id = frame.find(kId, at);
    if (id == std::string_view::npos) break;
    if (const auto read = MessageId::from_hex(frame.substr(id + kId.size(), 32))) delivered.id = *read;
    deliveries.push_back(delivered);
  }
  return deliveries;
}

std::string Flow2012Device::ack_frame(const MessageId& id) const {
  return R"({"messageType":"ack","messageId":")" + id.hex() + "\"}";
}

void Flow2012Device::register_ua(bool asleep) {
  asked_.push_back({asleep ? Want::kSleep : Want::kUa, 0});
  send(R"({"command":"register/ua","data":{"uatoken":")" + token() + "\"" +
       (asleep ? R"(,"interface":{"ip":"127.0.0.1","port":)" + std::to_string(5000 + id_.bytes.back()) + "}" : "") +
       "}}");
}

void Flow2012Device::register_wa(std::size_t app) {
  asked_.push_back({Want::kWa, app});
  site_.model.registering(id_, protocol::flow2012::app_id(apps_[app], ""));
  send(R"({"command":"register/wa","data":{"uatoken":")" + token() + R"(","watoken":")" + apps_[app] + "\"}}");
}

void Flow2012Device::unregister_wa(std::size_t app) {
  asked_.push_back({Want::kUnregister, app});
  registered_[app] = false;
  site_.model.unregistering(id_, protocol::flow2012::app_id(apps_[app], ""));
  leaves(protocol::flow2012::app_id(apps_[app], ""));
  send(R"({"command":"unregister/wa","data":{"uatoken":")" + token() + R"(","watoken":")" + apps_[app] + "\"}}");
}

// Requests are answered in their order.
void Flow2012Device::on_reply(std::string_view frame) {
  // What getAllMessages answered looks like any delivery; it came before this reply.
  while (frame != "[]" && !asked_.empty() && asked_.front().what == Want::kPending) asked_.pop_front();
  if (asked_.empty()) return;
  const Asked asked = asked_.front();
  asked_.pop_front();
  const bool ok = frame == "OK";
  const bool url = frame.starts_with(kPublicUrl);
  if (asked.what == Want::kUa) online_ = ok;
  if (asked.what == Want::kSleep && ok) {
    asleep_ = true;
    site_.ground.trace().event("{} sleeps", name());
  }
  if (asked.what == Want::kUa && ok && !sleeps_) asleep_ = false;
  if (asked.what == Want::kUnregister) has_left(protocol::flow2012::app_id(apps_[asked.app], ""));
  if (asked.what == Want::kWa && url) {
    registered_[asked.app] = true;
    site_.model.registered(id_, protocol::flow2012::app_id(apps_[asked.app], ""));
  }
}

void Flow2012Device::act() {
  if (!connected()) {
    if (asleep_ && choices().chance(600)) return pull();
    return connect();
  }
  Device::act();
  if (!connected() || !online_) return;
  const auto app = choices().below(static_cast<std::uint32_t>(apps_.size()));
  switch (choices().below(6)) {
    case 0:
      return;
    case 1:
      return leave();
    case 2:
      return connect();  // elsewhere, while the old connection still looks open
    case 3:
      return registered_[app] ? void() : register_wa(app);
    case 4:
      return choices().chance(200) ? unregister_wa(app) : void();
    default:
      asked_.push_back({Want::kPending, 0});
      send(R"({"messageType":"getAllMessages","uatoken":")" + token() + "\"}");
      return register_wa(app);
  }
}

// A registration may have been taken back by a request that was late, so all are repeated.
void Flow2012Device::calm_down() {
  registered_.assign(apps_.size(), false);
  Device::calm_down();
  if (stays_away()) return pull();
  nudge();
}

void Device::nudge() {
  if (!may_ack()) return;
  for (const MessageId& id : std::exchange(unacked_, {})) ack(id);
}

void Flow2012Device::nudge() {
  Device::nudge();
  if (!connected() || !asked_.empty()) return;
  if (!online_) return register_ua(false);
  for (std::size_t app = 0; app < apps_.size(); ++app) {
    if (!registered_[app]) register_wa(app);
  }
}

std::string Flow2012Device::waits_for() const {
  if (stays_away()) return pulling_ ? "a pull" : "";
  // It was not asleep when the calm began.
  if (!connected()) return "a connection";
  if (!asked_.empty())
    return fmt::format("{} replies, the first to {}", asked_.size(), static_cast<int>(asked_.front().what));
  if (!online_) return "its registration";
  return std::ranges::all_of(registered_, [](bool is) { return is; }) ? "" : "an app";
}

void Flow2012Device::pinged() {
  if (asleep_ && !connected()) pull();
}

// Until nothing is left.
void Flow2012Device::pull() {
  if (std::exchange(pulling_, true)) return;
  HttpAsk what{.method = "GET", .target = "/pull", .headers = {{"Authorization", "Bearer " + token()}}, .body = {}};
  if (!acks_to_post_.empty()) {
    what.method = "POST";
    what.body = R"({"ack":[)";
    for (const MessageId& id : std::exchange(acks_to_post_, {})) {
      site_.model.acked(id_, id);
      what.body += (what.body.back() == '[' ? "\"" : ",\"") + id.hex() + "\"";
    }
    what.body += "]}";
  }
  what.written = [this](const transport::HttpResponse& response, WallTime now) {
    for (const Delivered& delivered : deliveries_in(response.body)) {
      site_.model.written(id_, delivered.id, delivered.number, now, false);
    }
  };
  host_.pull(std::move(what), id_, [this](auto response) { pulled(std::move(response)); });
}

void Flow2012Device::pulled(std::optional<transport::HttpResponse> response) {
  pulling_ = false;
  if (!response || response->status != 200) {
    if (calm()) site_.ground.after(kReconnectAfter, [this] { pull(); });
    return;
  }
  const auto deliveries = deliveries_in(response->body);
  for (const Delivered& delivered : deliveries) {
    site_.ground.trace().event("{} pulls m{}", name(), delivered.number);
    site_.model.received(id_, delivered.id);
    if (calm() || !choices().chance(site_.swarm.rates.ack_never)) acks_to_post_.push_back(delivered.id);
  }
  if (!deliveries.empty() && !acks_to_post_.empty()) pull();
}

}  // namespace herald::simulation::system
