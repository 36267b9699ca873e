#pragma once
// Hot reads: reads that must see messages in flight. Each begins in memory, on the committing thread, and goes on with
// rows, on a reading thread, if memory does not hold the answer. Private to the adapter.

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/rocksdb/cold/reads.h"
#include "adapters/rocksdb/engine/reader_pool.h"
#include "adapters/rocksdb/engine/transaction.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"

namespace herald::adapters {

template <class Answer>
using Rest = std::move_only_function<Answer(const RowReader&)>;

// MessageStore::fetch().
class FetchRead {
 public:
  using Answer = Result<std::vector<MessagePtr>>;
  static constexpr bool kShowsOnlyWritten = false;
  FetchRead(ReaderPool& reads, std::vector<MessageId> ids, WallTime now)
      : reads_(reads), ids_(std::move(ids)), now_(now) {}
  // The answer, if memory holds it.
  [[nodiscard]] std::optional<Answer> from_memory(Transaction& txn);
  // After from_memory() answered nothing: what reads the rest, on a reading thread, when every change that was answered
  // before is in the database or in flight; or on the committing thread, over the rows that are not written yet.
  [[nodiscard]] Rest<Answer> rest();
  [[nodiscard]] ReaderPool& reads() { return reads_; }

 private:
  ReaderPool& reads_;
  std::vector<MessageId> ids_;
  WallTime now_;
  std::vector<MessagePtr> found_;
  std::vector<std::size_t> missing_;  // places in ids_
};

// DeliveryStore::pending().
class PendingRead {
 public:
  using Answer = Result<ports::PendingPage>;
  static constexpr bool kShowsOnlyWritten = false;
  PendingRead(ReaderPool& reads, const UserAgentId& user_agent, std::optional<MessageId> after, std::size_t limit,
              WallTime now)
      : reads_(reads), user_agent_(user_agent), after_(after), limit_(limit), now_(now) {}
  [[nodiscard]] std::optional<Answer> from_memory(Transaction& txn);
  [[nodiscard]] Rest<Answer> rest();
  [[nodiscard]] ReaderPool& reads() { return reads_; }

 private:
  ReaderPool& reads_;
  UserAgentId user_agent_;
  std::optional<MessageId> after_;
  std::size_t limit_;
  WallTime now_;
  std::vector<MessagePtr> in_flight_;
};

// DeliveryStore::of_message().
class DeliveriesRead {
 public:
  using Answer = Result<ports::DeliveryPage>;
  static constexpr bool kShowsOnlyWritten = true;
  DeliveriesRead(ReaderPool& reads, const MessageId& message, std::optional<UserAgentId> after, std::size_t limit,
                 WallTime now)
      : reads_(reads), message_(message), after_(after), limit_(limit), now_(now) {}
  [[nodiscard]] std::optional<Answer> from_memory(Transaction& txn);
  [[nodiscard]] Rest<Answer> rest();
  [[nodiscard]] ReaderPool& reads() { return reads_; }

 private:
  ReaderPool& reads_;
  MessageId message_;
  std::optional<UserAgentId> after_;
  std::size_t limit_;
  WallTime now_;
};

// Directory::nodes_of().
class NodesRead {
 public:
  using Answer = Result<ports::NodePage>;
  static constexpr bool kShowsOnlyWritten = false;
  NodesRead(ReaderPool& reads, const AppId& app, std::optional<UserAgentId> after, std::size_t limit)
      : reads_(reads), app_(app), after_(after), limit_(limit) {}
  [[nodiscard]] std::optional<Answer> from_memory(Transaction& txn);
  [[nodiscard]] Rest<Answer> rest();
  [[nodiscard]] ReaderPool& reads() { return reads_; }

 private:
  ReaderPool& reads_;
  AppId app_;
  std::optional<UserAgentId> after_;
  std::size_t limit_;
};

// Directory::locate().
class LocateRead {
 public:
  using Answer = Result<std::vector<Node>>;
  static constexpr bool kShowsOnlyWritten = false;
  LocateRead(ReaderPool& reads, std::vector<UserAgentId> user_agents)
      : reads_(reads), user_agents_(std::move(user_agents)) {}
  [[nodiscard]] std::optional<Answer> from_memory(Transaction& txn);
  [[nodiscard]] Rest<Answer> rest();
  [[nodiscard]] ReaderPool& reads() { return reads_; }

 private:
  ReaderPool& reads_;
  std::vector<UserAgentId> user_agents_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> missing_;  // places in both
};

// The first `limit` of both pages, each sorted by id; a message that is in both is one. Pure.
[[nodiscard]] ports::PendingPage merge_pages(ports::PendingPage rows, const std::vector<MessagePtr>& in_flight,
                                             std::size_t limit);

}  // namespace herald::adapters
