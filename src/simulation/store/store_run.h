#pragma once
// One run of the store's simulation: the world, the model, and the calls between them.

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulation/store/store_model.h"
#include "simulation/store/store_world.h"

namespace herald::simulation {

// What a run draws at its start: the limits, and which faults it has.
struct StoreSetting {
  explicit StoreSetting(Choices& choices);

  Limits limits;
  std::uint32_t apps = 1;
  std::uint32_t devices = 1;
  bool kills = false;
  bool power_cuts = false;
  bool clock_jumps = false;
  std::vector<DiskFault> faults;
};

class StoreRun {
 public:
  StoreRun(Choices& choices, Trace& trace);

  // Throws Violation.
  void run();

 protected:
  using Clock = std::chrono::milliseconds;
  static constexpr std::chrono::milliseconds kRetention{10'000};

  // chaos (store_chaos.cc)
  void chaos();
  void step();
  void put();
  void route();
  void record(DeliveryState state);
  void cancel();
  void change_registration();
  void change_location();
  void sweep();
  void purge();
  void read();
  void background();
  void pass_time();
  void change_faults();
  void crash();

  // calm (store_calm.cc)
  void calm();
  void come_back();
  [[nodiscard]] bool writes();
  void route_all();
  void drain(const UserAgentId& device);
  void check_ended();
  void empty_directory();
  void purge_all();

  // One call of the store, and what its answer means. They return after the answers of all calls under way.
  void call_put(Message message);
  void call_add(std::vector<ports::NewDeliveries> entries);
  void call_record(std::vector<DeliveryEvent> events);
  void call_cancel(const MessageId& id);
  void call_register(const AppId& app, const UserAgentId& device);
  void call_unregister(const AppId& app, const UserAgentId& device);
  void call_set_location(const UserAgentId& device, Location location);
  void call_leave(const UserAgentId& device, const Location& location);
  // These answer what was read, or nothing if it could not be read.
  std::optional<ports::PurgeOutcome> call_purge();
  std::optional<std::vector<ports::Unrouted>> call_unrouted(std::optional<MessageId> after, WallTime before,
                                                            std::size_t limit);
  std::optional<ports::PendingPage> call_pending(const UserAgentId& device, std::optional<MessageId> after,
                                                 std::size_t limit);
  void call_fetch(std::vector<MessageId> ids);
  std::optional<ports::MessageStatus> call_status(const MessageId& id);
  void call_of_message(const MessageId& id);
  void call_nodes_of(const AppId& app);
  void call_apps_of(const UserAgentId& device);
  void call_locate(std::vector<UserAgentId> devices);
  void call_sleepers();

  // Calls that are made before the store takes its next turn, if `together_`.
  void end_call();
  // Runs the store until every call is answered, or the process has died.
  void settle();
  // True: none of `names` belongs to a call under way, and now they do.
  [[nodiscard]] bool claim(std::vector<std::string> names);

  template <class Answer, class Submit, class Apply>
  void ask(bool is_durable, const std::string& what, Submit submit, Apply apply);
  template <class Answer>
  [[nodiscard]] static const Error* error_of(const Answer& answer) {
    return answer.has_value() ? nullptr : &answer.error();
  }
  void note_error(const Error& error);

  // The store met a damaged block. It leaves out what it cannot read, so the model says nothing any more; that calls
  // are answered and that it starts still holds.
  [[nodiscard]] bool is_damaged() const { return world_.struck(DiskFault::kCorruptRead) > 0; }

  void start();
  void end_process(bool power_cut);

  [[nodiscard]] AppId app(std::uint32_t n) const;
  [[nodiscard]] UserAgentId device(std::uint32_t n) const;
  [[nodiscard]] AppId any_app() { return app(choices_.below(setting_.apps)); }
  [[nodiscard]] UserAgentId any_device() { return device(choices_.below(setting_.devices)); }
  [[nodiscard]] static bool can_wake(const UserAgentId& device) { return device.bytes.back() % 2 == 1; }
  // One of the newest messages; empty: there are none.
  [[nodiscard]] std::optional<MessageId> any_message();
  [[nodiscard]] WallTime now() const { return world_.now(); }

  // A call under way.
  struct Open {
    std::string what;
    bool answered = false;
    std::function<void()> unanswered;
  };

  Choices& choices_;
  Trace& trace_;
  StoreSetting setting_;
  StoreWorld world_;
  StoreModel model_;
  std::vector<std::shared_ptr<Open>> open_;
  std::set<std::string> claimed_;
  std::uint32_t together_ = 0;
  // A durable call failed since the last one that did not.
  bool is_in_doubt_ = false;
  std::vector<MessageId> ids_;
  std::int64_t last_id_us_ = 0;
  std::uint64_t connections_ = 0;
  std::optional<Error> last_error_;
};

}  // namespace herald::simulation
