#include "app/services.h"

#include <filesystem>
#include <future>

#include "app/file_checks.h"
#include "app/operations_secret.h"
#include "app/queues.h"
#include "app/token_key_owner.h"
#include "app/version.h"
#include "base/crypto.h"
#include "operations/process_metrics.h"

namespace herald::app {

namespace {

// Devices whose last address is remembered: as many as the wake-up server waits for.
constexpr std::size_t kWakeProofsMax = 1'000'000;

// Clocks are adjusted by less all the time.
constexpr std::chrono::milliseconds kAheadNoted{60'000};

// Runs a task at once, on whatever thread posts it.
class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
  void post_batch(std::vector<Task> tasks) override {
    for (auto& task : tasks) task();
  }
};

operations::LoggingOptions logging_options(const Configuration& configuration) {
  operations::LoggingOptions options;
  options.format =
      configuration.log_format == LogFormat::kJson ? operations::LogFormat::kJson : operations::LogFormat::kText;
  options.level = configuration.log_level;
  options.colour = operations::wants_colour(stderr);
  options.waiting_max_bytes = configuration.limits.log_waiting_max_bytes;
  return options;
}

std::vector<std::string> network_texts(const Configuration& configuration) {
  std::vector<std::string> texts;
  for (const auto& network : configuration.ping_networks) texts.push_back(network.to_string());
  return texts;
}

// Every process that knows the token keys opens the others' cursors, so no second secret is needed.
std::vector<std::uint8_t> cursor_key(const TokenKeys& keys) {
  const auto key = hmac_sha256(keys.front(), as_bytes("herald receipt cursor"));
  return {key.begin(), key.end()};
}

std::vector<operations::MetricSample> queue_depths(const ports::MessageQueue* queue) {
  std::vector<operations::MetricSample> samples;
  if (queue == nullptr) return samples;
  for (const auto& depth : queue->depths()) {
    samples.push_back({{{"queue", depth.queue}}, static_cast<double>(depth.waiting)});
  }
  return samples;
}

}  // namespace

bool Services::asks_for_wake_proofs() const {
  return configuration.queue == QueueKind::kInProcess && configuration.roles.has(Role::kUserAgentUdp);
}

Services::Services(const Configuration& with, const Clock& time)
    : configuration(with),
      clock(time),
      log(logging_options(with), time),
      health(std::string(version()), time),
      connection_counts(transport::make_connection_counts(with.trusted_proxies, with.limits.address_prefix_bits)),
      rates(with.limits),
      receipt_streams(with.limits),
      ids(time, random),
      recent_acks(with.limits.recent_acks_max),
      wake_proofs(kWakeProofsMax),
      takeovers(std::make_shared<TakeoverPace>(with.limits)) {
  operations::add_process_metrics(metrics, std::string(version()), time);
  metrics.add_callback(operations::MetricType::kCounter, "herald_log_lines_dropped_total",
                       "Log lines dropped because nobody read standard error in time.", [this] {
                         return std::vector<operations::MetricSample>{{{}, static_cast<double>(log.dropped())}};
                       });
  metrics.add_callback(operations::MetricType::kGauge, "herald_queue_depth", "Envelopes waiting in a queue.",
                       [this] { return queue_depths(queue.get()); });
}

std::expected<std::unique_ptr<Services>, Failure> Services::open(const Configuration& configuration,
                                                                 const Clock& clock) {
  auto services = std::make_unique<Services>(configuration, clock);
  if (auto opened = services->open_parts(); !opened) return std::unexpected(opened.error());
  return services;
}

std::expected<void, Failure> Services::open_parts() {
  for (const auto& line : exposed_files(configuration)) log.warning("secret readable by others", {{"file", line}});
  auto allowed = roles::user_agent_udp::AllowedNetworks::parse(network_texts(configuration));
  if (!allowed) return std::unexpected(Failure{ExitCode::kUsage, "ping_networks: " + allowed.error().message});
  networks = std::move(*allowed);
  if (configuration.ping_networks.empty() && configuration.roles.has(Role::kUserAgentUdp)) {
    log.info("no device can be woken by UDP, ping_networks is empty",
             {{"advice", "if devices sleep, set ping_networks to the networks that they are in"}});
  }
  if (configuration.tls()) {
    auto loaded =
        transport::TlsContext::load(configuration.tls_certificate, configuration.tls_key, configuration.tls_records);
    if (!loaded) return std::unexpected(Failure{ExitCode::kUsage, loaded.error().message});
    tls = std::move(*loaded);
  }
  auto opened = Stores::open(configuration, clock, log, metrics);
  if (!opened) return std::unexpected(opened.error());
  stores = std::move(*opened);
  if (auto numbered = start_ids(); !numbered) return numbered;
  auto reached = open_queue(configuration, clock, random, log, metrics);
  if (!reached) return std::unexpected(reached.error());
  queue = std::move(*reached);
  if (auto door = open_operations_door(); !door) return door;
  auto keys = token_keys();
  if (!keys) return std::unexpected(keys.error());
  cursors = std::make_unique<roles::app_server::ReceiptCursor>(cursor_key(*keys));
  endpoints = std::make_unique<protocol::subscription::EndpointTokens>(*keys);
  foreign = ForeignServers::start(configuration, clock);
  tokens = std::make_unique<protocol::flow2012::UaTokens>(std::move(*keys));
  order = std::make_unique<roles::app_server::AcceptanceOrder>(stores->messages(), ids);
  return {};
}

// Even if the clock was ahead before: a new message must not be delivered before an older one.
std::expected<void, Failure> Services::start_ids() {
  using Newest = Result<std::optional<MessageId>>;
  InlineExecutor here;
  std::promise<Newest> promise;
  auto answer = promise.get_future();
  stores->messages().newest(Reply<Newest>(here, [&promise](Newest newest) { promise.set_value(std::move(newest)); }));
  const Newest newest = answer.get();
  if (!newest) {
    return std::unexpected(
        Failure{ExitCode::kDataUnusable, "the newest stored message can't be found: " + newest.error().message});
  }
  if (!*newest) return {};
  ids.start_after(**newest);
  const WallTime made = made_at(**newest);
  if (made - clock.wall() > kAheadNoted) {
    log.warning("the newest stored message is from the future; was the clock ahead? New messages keep their order",
                {{"message", (*newest)->hex()}, {"ahead_s", (made - clock.wall()).count() / 1000}});
  }
  return {};
}

std::expected<void, Failure> Services::open_operations_door() {
  operations_door.hosts = configuration.operations_hosts;
  const bool ours = configuration.operations_secret_file.empty();
  if (ours && configuration.store == StoreKind::kMemory) return {};
  const std::string file = ours ? configuration.data + "/operations.secret" : configuration.operations_secret_file;
  auto secret = ours ? read_or_make_operations_secret(file, random) : read_operations_secret(file);
  if (!secret && ours && secret.error().kind == ErrorKind::kUnavailable) {
    log.warning("no operations secret, nothing can be changed there", {{"reason", secret.error().message}});
    return {};
  }
  if (!secret) {
    return std::unexpected(Failure{ours ? ExitCode::kDataUnusable : ExitCode::kUsage,
                                   (ours ? "" : "operations.secret_file: ") + secret.error().message});
  }
  operations_door.secret = std::move(*secret);
  operations_door.secret_file = file;
  return {};
}

std::expected<TokenKeys, Failure> Services::token_keys() {
  const std::string& file = configuration.token_key_file;
  Result<TokenKeys> keys;
  if (!file.empty()) {
    keys = read_token_keys(file);
  } else if (configuration.store == StoreKind::kMemory || !configuration.roles.serve()) {
    keys = parse_token_keys(make_token_key(random));
  } else {
    return own_token_keys(configuration.data + "/token.keys");
  }
  if (!keys) return no_token_keys(keys.error());
  if (file.empty()) return std::move(*keys);
  auto checked = check_owner(*stores, *keys, file, configuration.missing_data, log);
  if (!checked) return std::unexpected(checked.error());
  return std::move(*keys);
}

std::expected<TokenKeys, Failure> Services::own_token_keys(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    auto allowed = may_make_keys(*stores, file, configuration.missing_data, log);
    if (!allowed) return std::unexpected(allowed.error());
  }
  auto keys = read_or_make_token_keys(file, random);
  if (!keys) return no_token_keys(keys.error());
  auto checked = check_owner(*stores, *keys, file, configuration.missing_data, log);
  if (!checked) return std::unexpected(checked.error());
  return std::move(*keys);
}

std::unexpected<Failure> Services::no_token_keys(const Error& error) const {
  const bool ours = configuration.token_key_file.empty();
  return std::unexpected(Failure{
      ours ? ExitCode::kDataUnusable : ExitCode::kUsage,
      (ours ? "token keys: " : "token_key_file: ") + error.message + "; herald keys --type token makes a new one"});
}

}  // namespace herald::app
