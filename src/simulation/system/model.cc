#include "simulation/system/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace herald::simulation::system {

namespace {

// The sender's number in a body: {"message":"m12"}, m12 or 12.
std::uint64_t number_in(const Message& message) {
  std::string_view text = message.body;
  if (message.kind != PayloadKind::kSimplePush) {
    const auto at = text.find('m', text.starts_with('{') ? text.find(":\"m") : 0);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  }
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void Model::violated(std::string_view rule, std::string_view what) {
  if (!violation_) violation_ = fmt::format("{}: {}", rule, what);
}

std::uint64_t Model::begin_post(const AppId& app) {
  posts_.push_back({app, ground_.step(), 0, std::nullopt});
  return posts_.size();
}

void Model::accepted(std::uint64_t post) {
  Post& accepted = posts_[post - 1];
  accepted.accepted = ground_.step();
  if (!accepted.id) return violated("accepted means stored", fmt::format("m{} was never put", post));
  const Known& message = messages_.at(*accepted.id);
  if (message.stored == 0) violated("accepted means stored", fmt::format("m{} was answered before the store", post));
}

void Model::told_id(std::uint64_t post, const MessageId& id) {
  if (posts_[post - 1].id != id) violated("the id is the store's key", fmt::format("m{} was told another", post));
}

void Model::cancel_asked(const MessageId& id) {
  if (const auto found = messages_.find(id); found != messages_.end()) found->second.may_end = true;
}

void Model::cancelled(const MessageId& id) {
  const auto found = messages_.find(id);
  if (found != messages_.end() && found->second.ended == 0) found->second.ended = ground_.step();
}

void Model::receipt(const MessageId& id, const Receipt& receipt) {
  auto& earlier = receipts_[id];
  for (const Receipt& one : earlier) {
    if (one.answered > receipt.asked) continue;
    if (one.acked > receipt.acked) violated("a receipt never goes back", fmt::format("{} acked less", id.hex()));
    if (one.is_final && !receipt.is_final)
      violated("a receipt never goes back", fmt::format("{} is open again", id.hex()));
  }
  const auto acks =
      static_cast<std::uint64_t>(std::ranges::count_if(acks_, [&](const auto& ack) { return ack.first == id; }));
  if (receipt.acked > acks) {
    violated("a receipt says no more than happened",
             fmt::format("{}: {} acked, {} devices did", id.hex(), receipt.acked, acks));
  }
  earlier.push_back(receipt);
}

void Model::put_asked(const Message& message) {
  const std::uint64_t number = number_in(message);
  if (number == 0 || number > posts_.size()) return violated("a body stays as posted", message.body);
  Post& post = posts_[number - 1];
  if (post.id) violated("one request is one message", fmt::format("m{} was put twice", number));
  post.id = message.id;
  if (messages_.contains(message.id)) violated("ids are unique", message.id.hex());
  messages_[message.id] = {.post = number,
                           .app = message.app,
                           .key = message.replace_key,
                           .kind = message.kind,
                           .transient = message.transient,
                           .expires_at = message.expires_at,
                           .asked = ground_.step()};
}

// What was stored for sure before this one was asked for has been replaced by it.
void Model::put_answered(const MessageId& id, bool stored) {
  Known& message = messages_.at(id);
  if (!stored) return;
  message.stored = ground_.step();
  if (message.key.empty()) return;
  for (auto& [other, earlier] : messages_) {
    if (other == id || earlier.app != message.app || earlier.key != message.key) continue;
    const bool before = earlier.stored != 0 && earlier.stored < message.asked;
    if (before && earlier.ended == 0) earlier.ended = ground_.step();
  }
}

void Model::recorded(const std::vector<DeliveryEvent>& events) {
  for (const DeliveryEvent& event : events) {
    if (event.state != DeliveryState::kAcked || has_acked(event.user_agent, event.message)) continue;
    violated("an ack is the device's own",
             fmt::format("{} was not acked by {}", event.message.hex(), event.user_agent.hex()));
  }
}

void Model::begin_read(std::vector<Shown> shown) {
  reading_ = std::move(shown);
}

void Model::end_read() {
  reading_.clear();
}

void Model::registering(const UserAgentId& device, const AppId& app) {
  registrations_.try_emplace({app, device});
}

void Model::registered(const UserAgentId& device, const AppId& app) {
  auto& registration = registrations_[{app, device}];
  if (registration.since == 0 && !registration.unsure) registration.since = ground_.step();
}

void Model::unregistering(const UserAgentId& device, const AppId& app) {
  registrations_[{app, device}] = {0, true};
}

void Model::written(const UserAgentId& device, const MessageId& id, std::uint64_t number, WallTime now, bool in_task) {
  const auto found = messages_.find(id);
  if (found == messages_.end()) return violated("a delivery is a stored message", id.hex());
  const Known& message = found->second;
  if (number != 0 && number != message.post) {
    violated("the same messageId on every repeat", fmt::format("m{} came as {}", number, id.hex()));
  }
  if (!registrations_.contains({message.app, device})) {
    violated("a delivery goes to who registered", fmt::format("m{} went to {}", message.post, device.hex()));
  }
  if (now >= message.expires_at) {
    violated("expired is never delivered",
             fmt::format("m{}, {} ms late", message.post, (now - message.expires_at).count()));
  }
  if (message.ended == 0) return;
  const bool read_before =
      std::ranges::any_of(reading_, [&](const Shown& shown) { return shown.id == id && shown.asked <= message.ended; });
  if (in_task && !read_before) {
    violated("replaced or cancelled is never delivered later", fmt::format("m{}", message.post));
  }
}

bool Model::anyone_registered(const AppId& app) const {
  return std::ranges::any_of(registrations_,
                             [&](const auto& entry) { return entry.first.first == app && entry.second.since != 0; });
}

void Model::calm_down() {
  for (auto& [key, registration] : registrations_) registration.unsure = false;
}

const Model::Known* Model::find(const MessageId& id) const {
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : &found->second;
}

std::vector<UserAgentId> Model::sure_recipients(const Known& message) const {
  std::vector<UserAgentId> devices;
  for (const auto& [key, registration] : registrations_) {
    if (key.first == message.app && is_sure_recipient(message, key.second)) devices.push_back(key.second);
  }
  return devices;
}

bool Model::is_sure_recipient(const Known& message, const UserAgentId& device) const {
  const auto found = registrations_.find({message.app, device});
  return found != registrations_.end() && found->second.since != 0 && found->second.since < post(message.post).began;
}

bool Model::delivered_or_followed(const Known& message, const UserAgentId& device, WallTime now) const {
  return std::ranges::any_of(messages_, [&](const auto& entry) {
    const Known& other = entry.second;
    const bool same = other.post == message.post;
    const bool follows = !message.key.empty() && other.app == message.app && other.key == message.key &&
                         (message.stored == 0 || message.stored > other.asked || other.asked > message.asked);
    const bool over = other.may_end || now >= other.expires_at;
    const bool got = has_received(device, entry.first) || has_acked(device, entry.first);
    return (same && got) || (follows && (over || got));
  });
}

void Model::check_delivered(WallTime now) {
  for (const auto& [id, message] : messages_) {
    if (post(message.post).accepted == 0 || message.transient || message.may_end) continue;
    if (now >= message.expires_at) continue;
    for (const auto& device : sure_recipients(message)) {
      if (delivered_or_followed(message, device, now)) continue;
      violated("accepted means delivered in the end",
               fmt::format("m{} ({}) never reached {}", message.post, id.hex(), device.hex()));
    }
  }
}

}  // namespace herald::simulation::system
