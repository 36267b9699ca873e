#pragma once
// One event loop of a process with its share of the public site, as app/worker.cc and app/public_site.cc make it.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "domain/message_id_source.h"
#include "domain/recent_acks.h"
#include "domain/takeover_pace.h"
#include "ports/store_deadline.h"
#include "protocol/subscription/endpoint_token.h"
#include "protocol/user_agent/flow2012/ua_token.h"
#include "roles/app_server/notify_endpoint.h"
#include "roles/app_server/push_context.h"
#include "roles/app_server/simplepush_endpoint.h"
#include "roles/app_server/webpush_endpoint.h"
#include "roles/app_server/webpush_message_endpoint.h"
#include "roles/user_agent_udp/pull_endpoint.h"
#include "roles/user_agent_ws/user_agent_ws.h"
#include "simulation/system/broker.h"
#include "simulation/system/ground.h"
#include "simulation/system/link.h"
#include "simulation/system/model.h"
#include "simulation/system/store_door.h"
#include "simulation/system/swarm.h"

namespace herald::simulation::system {

inline constexpr std::string_view kPublicUrl = "https://push.example.com";

// What every process of a run knows: the secrets of the installation.
struct Installation {
  explicit Installation(RandomSource& source) : random(source) {}
  RandomSource& random;
  protocol::flow2012::UaTokens tokens{{std::vector<std::uint8_t>(32, 9)}};
  protocol::subscription::EndpointTokens endpoints{{std::vector<std::uint8_t>(32, 9)}};
  roles::app_server::ReceiptCursor cursors{std::vector<std::uint8_t>(32, 7)};
};

struct ProcessSpec {
  std::string name;
  bool app_server = false;
  bool monitor = false;
  bool manager = false;
  bool user_agent_ws = false;
  bool user_agent_udp = false;
  ServerId ws_server = "WS1";
  ServerId udp_server = "UDP1";
};

// What the loops of a process share (app/services.h).
struct Services {
  Services(Ground& on, const Swarm& of, Installation& in, const ProcessSpec& what, const MachineClock& time,
           StoreDoor& door, BrokerHandle& broker, Metrics& counted, Model& rules)
      : ground(on),
        swarm(of),
        installation(in),
        spec(what),
        clock(time),
        store(door),
        queue(broker),
        metrics(counted),
        model(rules),
        rates(of.limits),
        streams(of.limits),
        ids(time, in.random),
        recent_acks(of.limits.recent_acks_max),
        takeovers(std::make_shared<TakeoverPace>(of.limits)),
        order(door, ids) {}

  Ground& ground;
  const Swarm& swarm;
  Installation& installation;
  const ProcessSpec& spec;
  const MachineClock& clock;
  StoreDoor& store;
  BrokerHandle& queue;
  Metrics& metrics;
  Model& model;
  NullLog log;
  roles::app_server::RateLimits rates;
  roles::app_server::ReceiptStreamSlots streams;
  MessageIdSource ids;
  RecentAcks recent_acks;
  std::shared_ptr<TakeoverPace> takeovers;
  roles::app_server::AcceptanceOrder order;
};

// How one loop reaches the others (app::LoopLinks).
struct LoopLinks {
  std::function<void(std::uint32_t shard, protocol::queue::TakenOver)> tell_shard;
  std::function<void(const roles::user_agent_udp::PullNotice&)> pulled;
  std::function<ServerId(const UserAgentId&)> sleep_server;
  std::function<std::optional<std::uint64_t>()> lease_lapses;
};

// A request by values; the answer is nullopt if the connection broke.
struct HttpAsk {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Called when the role answers, at that time of the server's. Empty: nobody looks.
  std::function<void(const transport::HttpResponse& response, WallTime now)> written = {};
};
using HttpAnswered = std::move_only_function<void(std::optional<transport::HttpResponse>)>;

class Worker {
 public:
  Worker(Services& services, std::uint32_t shard, LoopLinks links);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] Strand& strand() { return strand_; }
  // Null: not a server of that role.
  [[nodiscard]] roles::user_agent_ws::UserAgentWs* user_agent_ws() { return websockets_ ? &*websockets_ : nullptr; }
  [[nodiscard]] StrandTimers& timers() { return timers_; }

  // On the strand, by the network. `watcher` outlives the link's server end.
  void accept(const std::shared_ptr<Link>& link, bool subprotocol, FrameWatcher* watcher);
  void ask(HttpAsk what, HttpAnswered then);
  [[nodiscard]] std::size_t open_links() const;
  [[nodiscard]] std::size_t open_requests() const { return requests_.size(); }

 private:
  class Request;

  void add_app_server();
  void add_user_agent_ws(std::uint32_t shard, LoopLinks& links);
  void add_pull(LoopLinks& links);

  Services& services_;
  Strand& strand_;
  StrandTimers timers_;
  ports::StoreDeadline deadline_;
  std::vector<std::shared_ptr<Link>> links_;
  std::vector<std::shared_ptr<Request>> requests_;
  std::optional<roles::user_agent_ws::UserAgentWs> websockets_;
  std::optional<roles::app_server::NotifyEndpoint> notify_;
  std::optional<roles::app_server::PushAcceptance> acceptance_;
  std::optional<roles::app_server::VapidChecker> vapid_;
  std::optional<roles::app_server::PushContext> context_;
  std::optional<roles::app_server::WebPushEndpoint> webpush_;
  std::optional<roles::app_server::WebPushMessageEndpoint> messages_;
  std::optional<roles::app_server::SimplePushEndpoint> simplepush_;
  std::optional<roles::user_agent_udp::PullEndpoint> pull_;
  transport::HttpRouter router_;
};

}  // namespace herald::simulation::system
