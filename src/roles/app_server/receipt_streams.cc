#include "roles/app_server/receipt_streams.h"

#include <algorithm>
#include <string>
#include <utility>

#include "protocol/app_server/webpush/header_list.h"
#include "roles/app_server/push_replies.h"
#include "roles/app_server/receipt_row.h"

namespace herald::roles::app_server {

namespace webpush = protocol::webpush;
using std::chrono::milliseconds;

namespace {

constexpr std::uint64_t kFullRetryS = 30;
constexpr std::string_view kType = "text/event-stream";
constexpr std::string_view kKeepAlive = ":\n\n";

webpush::Refusal full_refusal(ReceiptStreamSlots::Full full) {
  using enum ReceiptStreamSlots::Full;
  if (full == kAddress) {
    return {429, std::nullopt, "Your address has too many receipt streams open (receipt_streams_per_address)",
            "receipt_streams_per_address", kFullRetryS};
  }
  if (full == kReceipt) {
    return {429, std::nullopt, "This receipt has too many streams open (receipt_streams_per_receipt)",
            "receipt_streams_per_receipt", kFullRetryS};
  }
  return {503, webpush::Errno::kTryLater, "Too many receipt streams are open", "receipt_streams", kFullRetryS};
}

transport::HttpResponse stream_head() {
  auto head = push_answer(200);
  head.headers.emplace_back("Content-Type", kType);
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("Vary", "Accept");
  // Reverse proxies gather what they pass on, unless told so.
  head.headers.emplace_back("X-Accel-Buffering", "no");
  return head;
}

}  // namespace

struct ReceiptStreams::Stream {
  Number number;
  ReceiptId receipt;
  ReceiptProgress progress;
  ReceiptStreamSlots::Slot slot;
  transport::HttpStream out{};
  MonoTime sent_at{};        // the last bytes
  MonoTime look_at{};        // while it pauses
  bool waits_drain = false;  // reads on when the peer has caught up
};

ReceiptStreams::ReceiptStreams(PushContext& context)
    : context_(context),
      refusals_(context.metrics),
      streams_(context.metrics.gauge("herald_receipt_streams", "Open streams of receipt subscriptions.")),
      events_(
          context.metrics.counter("herald_receipt_events_total", "Events sent on streams of receipt subscriptions.")) {}

ReceiptStreams::~ReceiptStreams() = default;

bool ReceiptStreams::wanted(const transport::HttpRequest& request) {
  const auto accept = webpush::HeaderList(request.headers).merged("Accept");
  if (!accept) return false;
  return std::ranges::any_of(webpush::split_outside_quotes(*accept, ','), [](std::string_view range) {
    return webpush::equals_ignoring_case(webpush::trimmed(range.substr(0, range.find(';'))), kType);
  });
}

void ReceiptStreams::begin(const ReceiptId& receipt, const transport::HttpRequest& request,
                           transport::HttpResponder responder) {
  if (context_.draining()) return refuse(responder, draining_refusal());
  const std::size_t waiting_max = context_.config.limits.receipt_stream_waiting_max;
  const auto last = webpush::HeaderList(request.headers).merged("Last-Event-ID");
  auto progress = last && !last->empty() ? ReceiptProgress::from_cursor(*last, waiting_max)
                                         : Result<ReceiptProgress>(ReceiptProgress(waiting_max));
  if (!progress) return refuse(responder, bad_receipt_request("Bad Last-Event-ID"));
  auto slot = context_.streams.take(context_.sender_of(request), receipt);
  if (!slot) return refuse(responder, full_refusal(slot.error()));
  auto stream = std::make_unique<Stream>(Stream{++last_, receipt, std::move(*progress), std::move(*slot)});
  auto looked = [this, stream = std::move(stream),
                 responder = std::move(responder)](Result<ports::ReceiptPage> page) mutable {
    if (!page) return refuse(responder, store_refusal(page.error()));
    if (page->messages.empty()) return refuse(responder, unknown_receipt());
    start(std::move(stream), std::move(responder));
  };
  context_.receipts.of_receipt(receipt, std::nullopt, 1, context_.clock.wall(),
                               Reply<Result<ports::ReceiptPage>>(context_.loop, std::move(looked)));
}

void ReceiptStreams::start(std::unique_ptr<Stream> stream, transport::HttpResponder responder) {
  const Number number = stream->number;
  transport::HttpStreamEvents events{[this, number] { drained(number); }, [this, number] { end(number); }};
  stream->out = responder.stream(stream_head(), std::move(events));
  if (!stream->out.open()) return;
  stream->sent_at = context_.clock.mono();
  open_.emplace(number, std::move(stream));
  streams_.add(1);
  read(number);
}

void ReceiptStreams::read(Number number) {
  Stream* const stream = find(number);
  if (stream == nullptr) return;
  const auto at = stream->progress.next();
  auto answered = [this, number](Result<ports::ReceiptPage> page) {
    // The store's trouble may pass.
    if (!page) return pause(number);
    took(number, *page);
  };
  context_.receipts.of_receipt(stream->receipt, at.after, at.limit, context_.clock.wall(),
                               Reply<Result<ports::ReceiptPage>>(context_.loop, std::move(answered)));
}

void ReceiptStreams::took(Number number, const ports::ReceiptPage& page) {
  Stream* const stream = find(number);
  if (stream == nullptr) return;
  tell(*stream, page);
  if (page.messages.empty()) return check_existence(number);
  go_on(number);
}

// The subscription may have been ended anywhere.
void ReceiptStreams::check_existence(Number number) {
  auto answered = [this, number](Result<ports::ReceiptPage> page) {
    Stream* const stream = find(number);
    if (stream == nullptr) return;
    if (!page || !page->messages.empty()) return go_on(number);
    stream->out.finish();
    end(number);
  };
  context_.receipts.of_receipt(find(number)->receipt, std::nullopt, 1, context_.clock.wall(),
                               Reply<Result<ports::ReceiptPage>>(context_.loop, std::move(answered)));
}

void ReceiptStreams::tell(Stream& stream, const ports::ReceiptPage& page) {
  std::string text;
  stream.progress.take(page, context_.clock.wall(), [&](const ports::MessageStatus& status) {
    const std::string cursor = is_final(status.state) ? stream.progress.cursor() : std::string();
    webpush::append_receipt_event(text, receipt_row(context_, status), cursor);
    events_.add();
  });
  if (text.empty()) return;
  stream.sent_at = context_.clock.mono();
  stream.out.send(text);
}

void ReceiptStreams::go_on(Number number) {
  Stream* const stream = find(number);
  if (stream == nullptr) return;
  if (stream->progress.round_over()) return pause(number);
  stream->waits_drain = stream->out.blocked();
  if (!stream->waits_drain) read(number);
}

void ReceiptStreams::pause(Number number) {
  Stream* const stream = find(number);
  if (stream == nullptr) return;
  stream->look_at = context_.clock.mono() + milliseconds(context_.config.limits.receipt_check_ms);
  wake(number);
}

// Keeps the connection alive until it is time to look again.
void ReceiptStreams::wake(Number number) {
  Stream* const stream = find(number);
  if (stream == nullptr) return;
  const MonoTime now = context_.clock.mono();
  const milliseconds idle(context_.config.limits.receipt_stream_keepalive_ms);
  if (now >= stream->sent_at + idle && !stream->out.blocked()) {
    stream->out.send(kKeepAlive);
    stream->sent_at = now;
  }
  if (now >= stream->look_at) {
    stream->waits_drain = stream->out.blocked();
    if (!stream->waits_drain) read(number);
    return;
  }
  const auto due = stream->out.blocked() ? stream->look_at : std::min(stream->look_at, stream->sent_at + idle);
  context_.timers.run_after(std::chrono::ceil<milliseconds>(due - now), [this, number] { wake(number); });
}

void ReceiptStreams::drained(Number number) {
  Stream* const stream = find(number);
  if (stream != nullptr && std::exchange(stream->waits_drain, false)) read(number);
}

void ReceiptStreams::end(Number number) {
  if (open_.erase(number) != 0) streams_.add(-1);
}

ReceiptStreams::Stream* ReceiptStreams::find(Number number) {
  const auto found = open_.find(number);
  return found == open_.end() ? nullptr : found->second.get();
}

void ReceiptStreams::refuse(transport::HttpResponder& responder, const webpush::Refusal& refusal) {
  refusals_.add(refusal.metric);
  responder.send(push_answer(refusal));
}

}  // namespace herald::roles::app_server
