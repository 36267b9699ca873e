#pragma once
// NS-UA-UDP: wakes sleeping devices that messages wait for. Takes envelopes off its own queue, looks where the devices
// are, and pings those that sleep here until they pull, go elsewhere, or their messages expire.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "base/timer.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/node_lookup.h"
#include "ports/wake_need_reader.h"
#include "ports/wakeup_sender.h"
#include "protocol/queue/envelope.h"
#include "roles/user_agent_udp/allowed_networks.h"
#include "roles/user_agent_udp/pull_endpoint.h"
#include "roles/user_agent_udp/wake_scheduler.h"

namespace herald::roles::user_agent_udp {

struct UserAgentUdpConfig {
  Limits limits;
  ServerId server_id = "UDP1";
  AllowedNetworks networks;
  // Whether this server wakes a device that sleeps on another, because that one is gone. Empty: never.
  std::function<bool(const UserAgentId&, const ServerId&)> adopts;
  // WakeScheduler's. Empty: no device need prove that pings reach it.
  WakeScheduler::Proof proof;
  std::size_t credit = 1'024;                    // envelopes taken and not yet settled
  std::size_t devices_max = 1'000'000;           // devices waited for at a time
  std::size_t sleepers_page = 64;                // devices looked through at once after a start
  std::chrono::milliseconds located_for{1'000};  // how long a device is taken to be where it was
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{5'000};
};

// Everything must outlive the role.
struct UserAgentUdpPorts {
  ports::Directory& directory;
  ports::DeliveryStore& deliveries;
  ports::MessageQueue& queue;
  ports::WakeupSender& sender;
  Executor& loop;
  TimerService& timers;
  const Clock& clock;
  RandomSource& random;
  Log& log;
  Metrics& metrics;
};

// One for each server id, on `ports.loop`'s thread only, and destroyed when the loop runs no more.
class UserAgentUdp {
 public:
  UserAgentUdp(UserAgentUdpConfig config, UserAgentUdpPorts ports);

  // Takes from the queue, and goes through the devices that slept here before the start: a device is pinged as if its
  // pending messages had just come.
  void start();
  // Takes nothing and pings nobody any more.
  void stop();
  // Goes through the devices that sleep on `server`, as at the start: its own, since queue messages may have been lost,
  // or those of a server that is gone.
  void look_through(const ServerId& server);
  // A device pulled. On the loop's thread.
  void pulled(const PullNotice& notice);
  [[nodiscard]] std::size_t devices() const { return scheduler_.devices(); }

 private:
  using Envelopes = std::vector<protocol::queue::Deliver>;
  struct Walk;  // one page of sleepers, for whom is being read what to wake them for

  void take(ports::QueueBatch batch);
  void locate(std::shared_ptr<Envelopes> envelopes, std::shared_ptr<ports::QueueBatch> batch,
              std::chrono::milliseconds wait);
  void schedule(const Envelopes& envelopes, const std::vector<Node>& nodes);
  void schedule_one(const Node& node, Priority priority, WallTime expires_at);
  void schedule_announced(const Node& node, Priority priority, WallTime expires_at);
  void schedule_needed(const Node& node, const WakeNeed& need);
  [[nodiscard]] bool is_ours(const Node& node) const;

  void ping_due();
  void relocate(std::vector<Ping> pings);
  void ping_where_found(const Ping& ping, const Node& node);
  void ping_if_pending(const Ping& ping);
  void send(const Ping& ping);
  // What a ping to `wake` carries: nobody else can tell. The same in every ping of this process.
  [[nodiscard]] std::string nonce_of(const UserAgentId& user_agent, const WakeInterface& wake);
  void arm();

  void walk(std::optional<UserAgentId> after, std::chrono::milliseconds wait);
  void read_needs(std::vector<Node> sleepers, std::optional<UserAgentId> after, std::chrono::milliseconds wait);
  void list_unreadable(const Error& error);
  void walked(const Walk& walk);
  void walk_next();
  void walk_later(std::optional<UserAgentId> after, std::chrono::milliseconds wait);

  [[nodiscard]] MonoTime mono_of(WallTime time) const;

  UserAgentUdpConfig config_;
  UserAgentUdpPorts ports_;
  WakeScheduler scheduler_;
  std::optional<Sha256Digest> secret_;  // behind the nonces; made at the first ping
  ports::NodeLookup nodes_;
  ports::WakeNeedReader needs_;
  std::unique_ptr<ports::Subscription> subscription_;
  bool stopped_ = false;
  bool walking_ = false;
  ServerId walked_;             // whose sleepers are gone through
  std::set<ServerId> to_walk_;  // whose come next
  TimerId timer_ = 0;
  MonoTime timer_at_;
  Counter& sent_;
  Counter& unsent_;
  Counter& forbidden_;
  Counter& crowded_out_;
  Counter& damaged_;
  Counter& unreadable_;
  Gauge& waiting_;
};

}  // namespace herald::roles::user_agent_udp
