// Which documents of the directory stand, that none outlives its use, and that the number of an app's devices is right
// whatever several processes do.
#include <gmock/gmock.h>

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/faulty_wire.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/store_test_kit.h"

namespace herald::adapters::mongodb {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;

class DirectoryRows : public testing::Test {
 protected:
  [[nodiscard]] static App app(std::uint64_t n) {
    return {.id = app_id(n), .kind = PayloadKind::kWebPush, .public_key_pem = "pem"};
  }
  [[nodiscard]] std::uint64_t rows() {
    std::uint64_t sum = 0;
    for (const char* collection : {kApps, kRegistrations, kNodes})
      sum += session_.count(collection, Document()).value();
    return sum;
  }
  [[nodiscard]] std::optional<std::int64_t> counted(std::uint64_t n) {
    const auto found = session_.find_one(kApps, {text_of("_id", app_id(n).hex()), {}});
    return *found ? Row(**found).number("devices") : std::nullopt;
  }
  void set_count(std::uint64_t n, std::int64_t devices) {
    const Update change{text_of("_id", app_id(n).hex()), document_of("$set", number_of("devices", devices))};
    EXPECT_EQ(session_.update(kApps, {&change, 1})->matched, 1);
  }
  void later(std::chrono::milliseconds by) { clock_.advance(by); }
  // The store on a wire.
  [[nodiscard]] std::unique_ptr<MongodbStore> behind(FaultyWire& wire, const Limits& limits) {
    MongodbOptions options = store_.database().options();
    options.uri = FirstServer::replaced_by(wire.address());
    return std::move(MongodbStore::open(options, limits, clock_, log_, cells_).value());
  }
  template <class T, class Start>
  T ask(Start start) {
    ports::contract::WaitingExecutor executor;
    return ports::contract::await<T>(executor, std::move(start));
  }

  ManualClock clock_;
  MongodbUnderTest store_{Limits{}, clock_};
  Caller call_{store_};
  NullLog log_;
  NullMetrics cells_;
  StoreMetrics metrics_{cells_};
  Connection::Client client_ = store_.database().connection().client();
  Session session_{*client_, store_.database().options().database, clock_, metrics_};
  const FirstServer there_;
};

TEST_F(DirectoryRows, NoneIsLeftWhenNothingIsRegisteredAndNobodyIsThere) {
  for (std::uint64_t n = 1; n <= 50; ++n) {
    call_.set_location(device(n), {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = n});
    ASSERT_TRUE(call_.register_app(app(n), device(n)));
    ASSERT_TRUE(call_.unregister_app(app_id(n), device(n)));
    call_.leave(device(n), "WS1", n, "UDP1");
  }
  EXPECT_FALSE(call_.find_app(app_id(1)));
  EXPECT_EQ(rows(), 0);
}

TEST_F(DirectoryRows, ADeviceThatCanBeWokenStays) {
  const WakeInterface wake{.ip = "10.0.0.1", .port = 1};
  call_.set_location(device(1), {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = 1}, wake);
  call_.leave(device(1), "WS1", 1, "UDP1");
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(call_.locate({device(1)}).at(0).location.kind, LocationKind::kSleeping);
  call_.set_location(device(1), {}, WakeInterface{});
  EXPECT_EQ(rows(), 0);
}

TEST_F(DirectoryRows, AnAppStaysWhileARegistrationIsOnItsWay) {
  ASSERT_TRUE(call_.register_app(app(1), device(1)));
  // Another process has counted a device and not inserted it yet.
  set_count(1, 2);
  ASSERT_TRUE(call_.unregister_app(app_id(1), device(1)));
  EXPECT_EQ(counted(1), 1);
  later(std::chrono::hours(1));
  EXPECT_FALSE(call_.unregister_app(app_id(1), device(1)));
  EXPECT_EQ(counted(1), 1) << "not longer than an hour ago";
  later(std::chrono::milliseconds(1));
  EXPECT_FALSE(call_.unregister_app(app_id(1), device(1)));
  EXPECT_EQ(counted(1), std::nullopt) << "its process died";
}

TEST_F(DirectoryRows, ACountThatIsTooLowDoesNotRemoveTheApp) {
  for (std::uint64_t n = 1; n <= 4; ++n) ASSERT_TRUE(call_.register_app(app(1), device(n)));
  set_count(1, 1);
  ASSERT_TRUE(call_.unregister_app(app_id(1), device(1)));
  EXPECT_EQ(counted(1), 3);
}

TEST_F(DirectoryRows, ACountThatIsTooLowIsMendedWhenItHasDoubled) {
  for (std::uint64_t n = 1; n <= 40; ++n) ASSERT_TRUE(call_.register_app(app(1), device(n)));
  set_count(1, 15);
  ASSERT_TRUE(call_.register_app(app(1), device(41)));
  EXPECT_EQ(counted(1), 16);
  ASSERT_TRUE(call_.register_app(app(1), device(42)));
  EXPECT_EQ(counted(1), 42);
}

TEST_F(DirectoryRows, ACountThatIsTooHighIsMendedWhenNoRegistrationCanBeOnItsWay) {
  Limits limits;
  limits.devices_per_app = 3;
  const auto store = MongodbStore::open(store_.database().options(), limits, clock_, log_, cells_).value();
  const auto registers = [&](std::uint64_t n) {
    return ask<Status>([&](Reply<Status> reply) { store->register_app(app(1), device(n), std::move(reply)); });
  };
  ASSERT_TRUE(registers(1));
  set_count(1, 9);
  ASSERT_TRUE(registers(2));
  EXPECT_EQ(counted(1), 10);
  later(std::chrono::hours(1) + std::chrono::milliseconds(1));
  ASSERT_TRUE(registers(3));
  EXPECT_EQ(counted(1), 3);
  EXPECT_EQ(registers(4).error().kind, ErrorKind::kExhausted);
}

// The mending process has counted the registrations; before it writes their number, another registers.
TEST_F(DirectoryRows, AMendedCountDoesNotUndoWhatAnotherProcessCountsMeanwhile) {
  Limits limits;
  limits.devices_per_app = 3;
  FaultyWire wire(there_.host(), there_.port());
  const auto store = behind(wire, limits);
  ASSERT_TRUE(call_.register_app(app(1), device(1)));
  set_count(1, 5);
  later(std::chrono::hours(2));
  bool is_met = false;
  wire.decide_by([&](const WireCommand& command) -> Fate {
    if (command.name == "update" && command.collection == kApps && !std::exchange(is_met, true)) {
      EXPECT_TRUE(call_.register_app(app(1), device(2)));
    }
    return {};
  });
  ASSERT_TRUE(ask<Status>([&](Reply<Status> reply) { store->register_app(app(1), device(3), std::move(reply)); }));
  wire.pass_all();
  EXPECT_TRUE(is_met);
  EXPECT_EQ(counted(1), 7) << "too high, and never too low: three are registered";
  EXPECT_EQ(call_.nodes_of(app_id(1), {}, 10).user_agents.size(), 3);
}

// Two processes insert the same document at once: a server that does not retry says so.
TEST_F(DirectoryRows, AnUpsertThatMeetsADocumentMadeAtTheSameMomentIsSentAgain) {
  FaultyWire wire(there_.host(), there_.port());
  const auto store = behind(wire, Limits{});
  std::set<std::string> met;
  wire.decide_by([&met](const WireCommand& command) -> Fate {
    const bool upserts = command.name == "update" || command.name == "findAndModify";
    if (!upserts || !met.insert(command.name).second) return {};
    if (command.name == "findAndModify") {
      return {Fate::Kind::kAnswer, from_json(R"({"ok": 0, "code": 11000, "errmsg": "duplicate key"})")};
    }
    return {Fate::Kind::kAnswer, from_json(R"({"ok": 1, "n": 0, "nModified": 0, "writeErrors": [)"
                                           R"({"index": 0, "code": 11000, "errmsg": "duplicate key"}]})")};
  });
  const Location here{.kind = LocationKind::kWebSocket, .server = "WS1", .connection = 1};
  EXPECT_TRUE(ask<Result<Location>>(
      [&](Reply<Result<Location>> reply) { store->set_location(device(1), here, std::nullopt, std::move(reply)); }));
  EXPECT_TRUE(ask<Status>([&](Reply<Status> reply) { store->register_app(app(1), device(1), std::move(reply)); }));
  wire.pass_all();
  EXPECT_EQ(met.size(), 2);
  EXPECT_EQ(counted(1), 1);
  EXPECT_EQ(call_.locate({device(1)}).at(0).location.server, "WS1");
}

// The registration went with the first attempt, whose reply was lost: the second finds none.
TEST_F(DirectoryRows, AnUnregistrationWhoseReplyWasLostIsAnsweredAsDone) {
  for (const char* lost : {"delete", "findAndModify", "count", "aggregate", "find"}) {
    Limits limits;
    limits.mongodb_connections = 1;
    FaultyWire wire(there_.host(), there_.port());
    const auto store = behind(wire, limits);
    ASSERT_TRUE(call_.register_app(app(1), device(1)));
    ASSERT_TRUE(ask<Result<App>>([&](auto reply) { store->find_app(app_id(1), std::move(reply)); }));
    bool is_met = false;
    wire.decide_by([&](const WireCommand& command) -> Fate {
      if (command.name != lost || std::exchange(is_met, true)) return {};
      return {Fate::Kind::kLoseReply, {}};
    });
    const auto done = ask<Result<bool>>(
        [&](Reply<Result<bool>> reply) { store->unregister_app(app_id(1), device(1), std::move(reply)); });
    wire.pass_all();
    ASSERT_TRUE(done) << lost;
    EXPECT_TRUE(*done) << lost;
  }
}

}  // namespace
}  // namespace herald::adapters::mongodb
