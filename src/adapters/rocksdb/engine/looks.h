#pragma once
// The reads that must see young messages: each first looks on the committing thread at what is young, and goes on with
// the rows on a reading thread if need be. Private to this folder.

#include <optional>
#include <utility>
#include <vector>

#include "adapters/rocksdb/cold/reads.h"
#include "adapters/rocksdb/engine/batch.h"
#include "adapters/rocksdb/engine/reader_pool.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"

namespace herald::adapters {

// MessageStore::fetch().
class FetchLook {
 public:
  using Answer = Result<std::vector<MessagePtr>>;
  static constexpr bool kTold = false;
  FetchLook(ReaderPool& reads, std::vector<MessageId> ids, WallTime now)
      : reads_(reads), ids_(std::move(ids)), now_(now) {}
  // The answer, if what is young gives it.
  [[nodiscard]] std::optional<Answer> look(Batch& batch);
  // Reads the rest. Every change that was answered before look() must be in rows or young.
  void rest(Reply<Answer> reply);

 private:
  ReaderPool& reads_;
  std::vector<MessageId> ids_;
  WallTime now_;
  std::vector<MessagePtr> found_;
  std::vector<std::size_t> missing_;  // places in ids_
};

// DeliveryStore::pending().
class PendingLook {
 public:
  using Answer = Result<ports::PendingPage>;
  static constexpr bool kTold = false;
  PendingLook(ReaderPool& reads, const UserAgentId& user_agent, std::optional<MessageId> after, std::size_t limit,
              WallTime now)
      : reads_(reads), user_agent_(user_agent), after_(after), limit_(limit), now_(now) {}
  [[nodiscard]] std::optional<Answer> look(Batch& batch);
  void rest(Reply<Answer> reply);

 private:
  ReaderPool& reads_;
  UserAgentId user_agent_;
  std::optional<MessageId> after_;
  std::size_t limit_;
  WallTime now_;
  std::vector<MessagePtr> young_;
};

// DeliveryStore::of_message().
class DeliveriesLook {
 public:
  using Answer = Result<ports::DeliveryPage>;
  static constexpr bool kTold = true;
  DeliveriesLook(ReaderPool& reads, const MessageId& message, std::optional<UserAgentId> after, std::size_t limit,
                 WallTime now)
      : reads_(reads), message_(message), after_(after), limit_(limit), now_(now) {}
  [[nodiscard]] std::optional<Answer> look(Batch& batch);
  void rest(Reply<Answer> reply);

 private:
  ReaderPool& reads_;
  MessageId message_;
  std::optional<UserAgentId> after_;
  std::size_t limit_;
  WallTime now_;
};

// Directory::nodes_of().
class NodesLook {
 public:
  using Answer = Result<ports::NodePage>;
  static constexpr bool kTold = false;
  NodesLook(ReaderPool& reads, const AppId& app, std::optional<UserAgentId> after, std::size_t limit)
      : reads_(reads), app_(app), after_(after), limit_(limit) {}
  [[nodiscard]] std::optional<Answer> look(Batch& batch);
  void rest(Reply<Answer> reply);

 private:
  ReaderPool& reads_;
  AppId app_;
  std::optional<UserAgentId> after_;
  std::size_t limit_;
};

// Directory::locate().
class LocateLook {
 public:
  using Answer = Result<std::vector<Node>>;
  static constexpr bool kTold = false;
  LocateLook(ReaderPool& reads, std::vector<UserAgentId> user_agents)
      : reads_(reads), user_agents_(std::move(user_agents)) {}
  [[nodiscard]] std::optional<Answer> look(Batch& batch);
  void rest(Reply<Answer> reply);

 private:
  ReaderPool& reads_;
  std::vector<UserAgentId> user_agents_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> missing_;  // places in both
};

// Directory::sleepers(). Asked for at a server's start, it may have all young messages written to be found in rows.
class SleepersLook {
 public:
  using Answer = Result<std::vector<Node>>;
  static constexpr bool kTold = false;
  SleepersLook(ReaderPool& reads, const ServerId& server, std::optional<UserAgentId> after, std::size_t limit)
      : reads_(reads), scan_(server, after, limit) {}
  [[nodiscard]] std::optional<Answer> look(Batch& batch);
  void rest(Reply<Answer> reply);

 private:
  ReaderPool& reads_;
  SleeperScan scan_;
};

// The first `limit` of both pages, each sorted by id; a message that is in both is one. Pure.
[[nodiscard]] ports::PendingPage merge_pages(ports::PendingPage rows, const std::vector<MessagePtr>& young,
                                             std::size_t limit);

}  // namespace herald::adapters
