#pragma once
// The calls of ports::MessageStore and ports::ReceiptLog, a batch at a time. Private to this folder.

#include "adapters/mongodb/lane.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"

namespace herald::adapters::mongodb {

using PutCall = Call<Message, ports::PutOutcome>;
[[nodiscard]] Status put_messages(Context& context, std::span<PutCall> calls);

struct Fetch {
  std::vector<MessageId> ids;
  WallTime now;
};
using FetchCall = Call<Fetch, std::vector<MessagePtr>>;
[[nodiscard]] Status fetch_messages(Context& context, std::span<FetchCall> calls);
[[nodiscard]] inline std::size_t weight(const FetchCall& call) {
  return call.in.ids.size() + 1;
}

struct ByKey {
  AppId app;
  std::string key;
  WallTime now;
};
using StatusCall = Call<ByKey, ports::MessageStatus>;
[[nodiscard]] Status read_status(Context& context, std::span<StatusCall> calls);
[[nodiscard]] Status cancel_message(Context& context, std::span<StatusCall> calls);

struct OfReceipt {
  ReceiptId receipt;
  std::optional<MessageId> after;
  std::size_t limit = 0;
  WallTime now;
};
using ReceiptCall = Call<OfReceipt, ports::ReceiptPage>;
[[nodiscard]] Status read_receipt(Context& context, std::span<ReceiptCall> calls);
using ForgetCall = Call<OfReceipt, std::uint64_t>;
[[nodiscard]] Status forget_receipts(Context& context, std::span<ForgetCall> calls);

}  // namespace herald::adapters::mongodb
