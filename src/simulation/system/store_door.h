#pragma once
// One process's way to the store of a run. Keeps what ports/message_store.h promises and nothing more: a call takes
// effect at any moment between question and answer, changes of one kind in the order asked; it may fail without effect,
// take effect and report failure, or take effect in part and report failure. Reads show the state of any moment between
// question and answer. What goes through is told to the model.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "ports/server_registry.h"
#include "simulation/system/ground.h"
#include "simulation/system/model.h"
#include "simulation/system/swarm.h"

namespace herald::simulation::system {

// A store, by its five ports.
struct StorePorts {
  ports::MessageStore& messages;
  ports::DeliveryStore& deliveries;
  ports::Directory& directory;
  ports::ReceiptLog& receipts;
  ports::ServerRegistry& servers;
};

// Runs a task at once: for answers that a double gives within the call.
class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
  void post_batch(std::vector<Task> tasks) override {
    for (auto& task : tasks) task();
  }
};

class StoreDoor final : public ports::MessageStore,
                        public ports::DeliveryStore,
                        public ports::Directory,
                        public ports::ReceiptLog,
                        public ports::ServerRegistry {
 public:
  // `name`: the process's.
  StoreDoor(Ground& ground, StorePorts ports, const StoreFaults& faults, Model& model, std::string name)
      : ground_(ground), ports_(ports), faults_(faults), model_(model), name_(std::move(name)) {}

  // The process died: it gets no answer any more. What it asked for may still take effect.
  void die() { dead_ = true; }

  void put(Message message, Reply<Result<ports::PutOutcome>> reply) override;
  void fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) override;
  void status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override;
  void cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) override;
  void unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                Reply<Result<std::vector<ports::Unrouted>>> reply) override;
  void purge(WallTime now, milliseconds receipt_retention, std::size_t limit,
             Reply<Result<ports::PurgeOutcome>> reply) override;

  void add(std::vector<ports::NewDeliveries> entries, WallTime now, Reply<Result<ports::AddOutcome>> reply) override;
  void pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
               Reply<Result<ports::PendingPage>> reply) override;
  void record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) override;
  void of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                  Reply<Result<ports::DeliveryPage>> reply) override;

  void of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                  Reply<Result<ports::ReceiptPage>> reply) override;
  void forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) override;

  void register_app(App app, UserAgentId user_agent, Reply<Status> reply) override;
  void unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) override;
  void find_app(AppId app, Reply<Result<App>> reply) override;
  void nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                Reply<Result<ports::NodePage>> reply) override;
  void apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
               Reply<Result<ports::AppPage>> reply) override;
  void set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                    Reply<Result<Location>> reply) override;
  void leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
             Reply<Result<Location>> reply) override;
  void locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) override;
  void sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                Reply<Result<std::vector<Node>>> reply) override;

  void renew(ServerLease lease, WallTime now, Reply<Status> reply) override;
  void release(ServerId server, std::string holder, Reply<Status> reply) override;
  void list(Reply<Result<std::vector<ServerLease>>> reply) override;

 private:
  enum class Fate : std::uint8_t { kDone, kRefused, kDoneAndFailed, kPartly };
  // Calls of one kind, which take effect in the order asked.
  struct Lane {
    MonoTime last;
    std::size_t waiting = 0;
  };

  [[nodiscard]] Fate draw(bool change, bool divisible);
  [[nodiscard]] milliseconds lateness();
  // The messages by their senders' numbers, for the trace.
  [[nodiscard]] std::string numbers(const std::vector<Model::Shown>& messages) const;
  // `apply(fate, Reply<T>)` makes the call on the store itself; `around(answer, task)` runs the answer's task.
  template <class T, class Apply, class Around>
  void call(Lane* lane, Fate fate, Reply<T> reply, Apply apply, Around around);
  template <class T, class Apply, class Around>
  void take_effect(Fate fate, Reply<T> reply, Apply& apply, Around around);
  template <class T, class Around>
  void answer(Reply<T> reply, T value, Around around);
  template <class T, class Apply>
  void change(Lane& lane, Reply<T> reply, Apply apply);
  template <class T, class Apply>
  void read(Reply<T> reply, Apply apply);

  Ground& ground_;
  StorePorts ports_;
  const StoreFaults& faults_;
  Model& model_;
  std::string name_;
  InlineExecutor inline_;
  bool dead_ = false;
  Lane puts_, cancels_, purges_, adds_, records_, registrations_, locations_, leases_, forgotten_;
};

}  // namespace herald::simulation::system
