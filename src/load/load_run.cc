#include "load/load_run.h"

#include "load/conductor.h"
#include "transport/client.h"

namespace herald::load {

namespace {

constexpr auto kReceiptWait = std::chrono::seconds(10);
constexpr auto kReceiptRetry = std::chrono::milliseconds(100);
constexpr std::size_t kReceiptsMost = 32;

// One request at a time, for everything that is not load.
class Asker {
 public:
  Asker(const Plan& plan, const Clock& clock) : loop_(clock) {
    options_.ca_file = plan.ca_file;
    options_.insecure = plan.insecure;
  }

  Result<transport::ClientResponse> get(const std::string& text) {
    const auto url = transport::Url::parse(text);
    if (!url) return std::unexpected(url.error());
    std::optional<Result<transport::ClientResponse>> answer;
    transport::http_request(loop_, "GET", *url, {}, {}, options_,
                            [&answer](Result<transport::ClientResponse> response) { answer = std::move(response); });
    while (!answer) loop_.run_once(std::chrono::seconds(1));
    return *std::move(answer);
  }

  void pause(std::chrono::milliseconds span) {
    bool over = false;
    loop_.run_after(span, [&over] { over = true; });
    while (!over) loop_.run_once(std::chrono::seconds(1));
  }

 private:
  transport::EventLoop loop_;
  transport::ClientOptions options_;
};

Status reach(Asker& asker, const Plan& plan) {
  const auto answer = asker.get(plan.target);
  if (!answer) return fail(answer.error().kind, "can't reach " + plan.target + ": " + answer.error().message);
  return {};
}

std::string receipt_url(const std::string& origin, const std::string& location) {
  return location.find("://") != std::string::npos ? location : origin + location;
}

// Acks reach the receipt a little after the device has the message.
bool becomes_acked(Asker& asker, const std::string& origin, const std::string& location, MonoTime until,
                   const Clock& clock) {
  for (;;) {
    const auto answer = asker.get(receipt_url(origin, location));
    if (answer && answer->status == 200 && string_member(answer->body, "state") == "acked") return true;
    if (clock.mono() >= until) return false;
    asker.pause(kReceiptRetry);
  }
}

void check_receipts(Asker& asker, const std::string& origin, const Clock& clock, std::vector<std::string> samples,
                    Summary& summary) {
  if (samples.size() > kReceiptsMost) samples.resize(kReceiptsMost);
  const MonoTime until = clock.mono() + kReceiptWait;
  for (const auto& location : samples) {
    ++summary.receipts_sampled;
    if (becomes_acked(asker, origin, location, until, clock)) ++summary.receipts_acked;
  }
}

std::vector<std::pair<std::string, double>> metrics_of(Asker& asker, const Plan& plan) {
  if (plan.operations.empty()) return {};
  const auto answer = asker.get(plan.operations + "/metrics");
  return answer && answer->status == 200 ? read_metrics(answer->body) : std::vector<std::pair<std::string, double>>();
}

std::int64_t server_pid(const Plan& plan, const Target& target) {
  if (plan.server_pid >= 0) return plan.server_pid;
  if (!target.is_loopback()) return 0;
  return listener_of(target.address).value_or(0);
}

}  // namespace

Result<Summary> run_load(const Plan& plan, const Clock& clock, const OnProgress& on_progress) {
  const auto target = find_target(plan.target);
  if (!target) return std::unexpected(target.error());
  if (plan.scenario == Scenario::kSleepers && !target->is_loopback()) {
    return fail(ErrorKind::kInvalid, "sleepers hear pings on 127.0.0.0/8: the target must be on this machine");
  }
  Asker asker(plan, clock);
  if (auto status = reach(asker, plan); !status) return std::unexpected(status.error());

  Ledger ledger(plan.loops, plan.devices, plan.apps);
  AppTable apps(plan.apps);
  WebPushSender webpush(clock);
  const Run run{plan, *target, ledger, apps, clock, plan.protocol == Protocol::kWebPush ? &webpush : nullptr};
  Conductor conductor(run, server_pid(plan, *target), on_progress);
  if (auto status = conductor.start(); !status) return std::unexpected(status.error());
  const auto metrics_before = metrics_of(asker, plan);
  auto summary = conductor.play();
  if (!summary) return summary;
  summary->server_metrics = metrics_growth(metrics_before, metrics_of(asker, plan));
  check_receipts(asker, conductor.post_origin(), clock, conductor.receipt_samples(), *summary);
  return summary;
}

}  // namespace herald::load
