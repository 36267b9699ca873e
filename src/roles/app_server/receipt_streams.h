#pragma once
// Receipt subscriptions as server-sent events (docs/webpush.md, "Receipts as they come"): what is known at the start,
// then each message as it ends. Each stream looks at the store every receipt_check_ms, so it sees what other processes
// write too.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "roles/app_server/push_context.h"
#include "roles/app_server/receipt_progress.h"
#include "roles/app_server/refusal_counts.h"
#include "transport/http.h"

namespace herald::roles::app_server {

// One event loop's; used on that loop's thread only, and destroyed when the loop runs no more.
class ReceiptStreams {
 public:
  explicit ReceiptStreams(PushContext& context);
  ReceiptStreams(const ReceiptStreams&) = delete;
  ReceiptStreams& operator=(const ReceiptStreams&) = delete;
  ~ReceiptStreams();

  // Whether its Accept names text/event-stream.
  [[nodiscard]] static bool wanted(const transport::HttpRequest& request);
  // Answers with a stream from Last-Event-ID on. 404: no such subscription; 400: no cursor of ours; 429:
  // receipt_streams_per_address or receipt_streams_per_receipt; 503: draining, or receipt_streams_per_process.
  void begin(const ReceiptId& receipt, const transport::HttpRequest& request, transport::HttpResponder responder);
  [[nodiscard]] std::size_t open() const { return open_.size(); }

 private:
  struct Stream;
  using Number = std::uint64_t;

  void start(std::unique_ptr<Stream> stream, transport::HttpResponder responder);
  void read(Number number);
  void took(Number number, const ports::ReceiptPage& page);
  void check_existence(Number number);
  void go_on(Number number);
  void pause(Number number);
  void wake(Number number);
  void drained(Number number);
  void tell(Stream& stream, const ports::ReceiptPage& page);
  void end(Number number);
  void refuse(transport::HttpResponder& responder, const protocol::webpush::Refusal& refusal);
  [[nodiscard]] Stream* find(Number number);

  PushContext& context_;
  RefusalCounts refusals_;
  Gauge& streams_;
  Counter& events_;
  Number last_ = 0;
  std::map<Number, std::unique_ptr<Stream>> open_;
};

}  // namespace herald::roles::app_server
