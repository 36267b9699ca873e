// What every notification passes through: frames, JSON, the POST body, the queue envelopes, the token check.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/crypto_p256.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "protocol/app_server/notify/notify.h"
#include "protocol/app_server/webpush/vapid.h"
#include "protocol/json.h"
#include "protocol/queue/envelope.h"
#include "protocol/user_agent/flow2012/frame.h"
#include "protocol/user_agent/flow2012/ua_token.h"
#include "roles/app_server/vapid_checker.h"
#include "transport/websocket_codec.h"

namespace herald {
namespace {

using transport::WebSocketOpcode;
using transport::WebSocketRole;

constexpr transport::WebSocketMask kMask{1, 2, 3, 4};
constexpr std::size_t kMessageMaxBytes = 1 << 20;

class CountingSink final : public transport::WebSocketSink {
 public:
  bool on_text(std::string_view text) override {
    bytes += text.size();
    return true;
  }
  bool on_binary(std::string_view /*bytes*/) override { return true; }
  bool on_ping(std::string_view /*payload*/) override { return true; }
  bool on_pong(std::string_view /*payload*/) override { return true; }
  void on_close(transport::CloseCode /*code*/, std::string_view /*reason*/) override {}
  void on_error(const transport::WebSocketViolation& /*violation*/) override {}
  std::size_t bytes = 0;
};

std::string notification(std::size_t bytes) {
  return R"({"messageType":"notification","id":"n1","message":")" + std::string(bytes, 'x') +
         R"(","ttl":3600,"priority":1})";
}

void websocket_read(benchmark::State& state) {
  std::string frame;
  transport::append_frame(frame, WebSocketOpcode::kText, std::string(static_cast<std::size_t>(state.range(0)), 'x'),
                          kMask);
  transport::WebSocketDecoder decoder(WebSocketRole::kServer, kMessageMaxBytes);
  CountingSink sink;
  std::vector<std::uint8_t> bytes;
  for (auto _ : state) {
    // The decoder unmasks in place.
    bytes.assign(frame.begin(), frame.end());
    benchmark::DoNotOptimize(decoder.consume(bytes, sink));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(websocket_read)->Arg(60)->Arg(300)->Arg(4096);

void websocket_write(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  std::string out;
  for (auto _ : state) {
    out.clear();
    transport::append_frame(out, WebSocketOpcode::kText, text);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(websocket_write)->Arg(60)->Arg(300)->Arg(4096);

void json_parse(benchmark::State& state) {
  const std::string text = notification(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(protocol::JsonDocument::parse(text, 32));
}
BENCHMARK(json_parse)->Arg(200)->Arg(1024)->Arg(4096);

void notify_parse(benchmark::State& state) {
  const std::string text = notification(static_cast<std::size_t>(state.range(0)));
  const Limits limits;
  for (auto _ : state) {
    benchmark::DoNotOptimize(protocol::notify::parse_notification(text, WallTime{1'700'000'000'000}, limits));
  }
}
BENCHMARK(notify_parse)->Arg(200)->Arg(1024)->Arg(4096);

void ack_parse(benchmark::State& state) {
  const std::string text = R"({"messageType":"ack","messageId":"000639c1a2b3c4d5e6f708192a3b4c5d"})";
  const Limits limits;
  for (auto _ : state) benchmark::DoNotOptimize(protocol::flow2012::parse_frame(text, limits));
}
BENCHMARK(ack_parse);

void delivery_write(benchmark::State& state) {
  Message message;
  message.body = notification(200);
  const std::string url = protocol::flow2012::notify_url("http://127.0.0.1:8080", message.app);
  for (auto _ : state) benchmark::DoNotOptimize(protocol::flow2012::delivery_frame(message, url));
}
BENCHMARK(delivery_write);

void envelope_write_and_read(benchmark::State& state) {
  protocol::queue::Deliver deliver;
  deliver.targets.resize(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(protocol::queue::decode_for_server(protocol::queue::encode(deliver)));
  }
}
BENCHMARK(envelope_write_and_read)->Arg(1)->Arg(1000);

void token_check(benchmark::State& state) {
  SeededRandom random(1);
  const protocol::flow2012::UaTokens tokens({std::vector<std::uint8_t>(32, 7)});
  const std::string token = tokens.issue(random);
  for (auto _ : state) benchmark::DoNotOptimize(tokens.verify(token));
}
BENCHMARK(token_check);

// What VAPID costs a POST: reading the header, then the check, with an ES256 verification or without.
void vapid(benchmark::State& state, std::uint64_t cached_tokens) {
  constexpr std::string_view kOrigin = "https://push.example.com";
  ManualClock clock;
  NullMetrics metrics;
  Limits limits;
  limits.vapid_cached_tokens = cached_tokens;
  roles::app_server::VapidChecker checker(std::string(kOrigin), limits, clock, metrics);
  const auto key = P256PrivateKey::generate();
  // Two tokens in turn: a checker that remembers one has always forgotten the next.
  std::vector<std::string> tokens;
  for (const std::int64_t hours : {1, 2}) {
    tokens.push_back(
        protocol::webpush::make_vapid(*key, kOrigin, "mailto:ops@example.com", clock.wall().ms / 1000 + hours * 3600));
  }
  std::size_t turn = 0;
  for (auto _ : state) {
    const std::vector<std::pair<std::string_view, std::string_view>> headers{{"Authorization", tokens[turn++ % 2]}};
    const auto claim = protocol::webpush::parse_vapid(protocol::webpush::HeaderList(headers));
    if (!claim || !*claim || !checker.check(**claim)) state.SkipWithError("refused");
  }
}
BENCHMARK_CAPTURE(vapid, verified, 1);
BENCHMARK_CAPTURE(vapid, remembered, 10'000);

}  // namespace
}  // namespace herald
