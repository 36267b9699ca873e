// What a start asks of the database, and what it makes of its answers.
#include "adapters/mongodb/schema.h"

#include <gmock/gmock.h>

#include "adapters/mongodb/faulty_wire.h"
#include "adapters/mongodb/store_test_kit.h"

namespace herald::adapters::mongodb {
namespace {

using testing::Contains;
using testing::HasSubstr;

// Keeps the events.
class EventLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel /*level*/) const override { return true; }
  void write(LogLevel /*level*/, std::string_view event, std::initializer_list<LogField> /*fields*/) override {
    events.emplace_back(event);
  }
  std::vector<std::string> events;
};

class SchemaTest : public testing::Test {
 protected:
  Status start(const std::string& options = "/", std::size_t retention_s = 1'000, bool expire = false) {
    MongodbOptions at = database_.options();
    at.uri = "mongodb://" + wire_.address() + options;
    at.expire_by_database = expire;
    limits_.mongodb_start_timeout_ms = 0;
    limits_.receipt_retention_s = retention_s;
    const auto opened = MongodbStore::open(at, limits_, clock_, log_, cells_);
    return opened ? Status{} : Status(std::unexpected(opened.error()));
  }
  // Answers a command of this name in the database's place, or changes its reply.
  void on(std::string name, Fate::Kind fate, const std::string& json) {
    wire_.decide_by([this, name = std::move(name), fate, json](const WireCommand& command) -> Fate {
      seen_.emplace_back(command.body->json());
      if (command.name != name) return {};
      return {fate, from_json(json)};
    });
  }
  [[nodiscard]] std::vector<std::string> seen(std::string_view text) {
    wire_.pass_all();
    std::vector<std::string> found;
    std::ranges::copy_if(seen_, std::back_inserter(found), [&](const auto& it) { return it.contains(text); });
    return found;
  }

  const SystemClock clock_;
  NullMetrics cells_;
  EventLog log_;
  Limits limits_;
  TestDatabase database_;
  const FirstServer there_;
  std::vector<std::string> seen_;  // of the wire's thread until it passes all
  FaultyWire wire_{there_.host(), there_.port()};
};

// A set of one, as the wire makes it look.
std::string set_of(const std::string& address) {
  return R"({"setName": "rs0", "hosts": [")" + address + R"("], "me": ")" + address +
         R"(", "ismaster": true, "isWritablePrimary": true, "setVersion": 1})";
}

TEST_F(SchemaTest, AMemberOfASetIsRefusedWithoutItsSet) {
  wire_.pose_as(from_json(set_of(wire_.address())));
  for (const char* options : {"/", "/?directConnection=true"}) {
    const auto started = start(options);
    ASSERT_FALSE(started) << options;
    EXPECT_EQ(started.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(started.error().message, HasSubstr("add replicaSet=rs0"));
  }
  const auto started = start("/?replicaSet=rs0");
  EXPECT_TRUE(started) << started.error().message;
}

TEST_F(SchemaTest, IndexesOfASetDoNotWaitForEveryMemberAndAreOfTheMajority) {
  wire_.pose_as(from_json(set_of(wire_.address())));
  on("none", Fate::Kind::kPass, "{}");
  ASSERT_TRUE(start("/?replicaSet=rs0"));
  const auto made = seen("createIndexes");
  ASSERT_FALSE(made.empty());
  for (const auto& command : made) {
    EXPECT_THAT(command, HasSubstr(R"("commitQuorum" : "majority")"));
    EXPECT_THAT(command, HasSubstr(R"("w" : "majority")"));
  }
  EXPECT_THAT(log_.events, Contains("building an index"));
}

// An ordinary command waits mongodb_timeout_ms.
TEST_F(SchemaTest, AnIndexBuildMayTakeMongodbIndexTimeoutMs) {
  limits_.mongodb_timeout_ms = 30'000;
  limits_.mongodb_index_timeout_ms = 86'400'000;
  on("none", Fate::Kind::kPass, "{}");
  ASSERT_TRUE(start());
  const auto made = seen("createIndexes");
  ASSERT_FALSE(made.empty());
  for (const auto& command : made) EXPECT_THAT(command, HasSubstr("64800000")) << "wtimeout, three quarters of it";
}

TEST_F(SchemaTest, AnIndexBuildPastMongodbIndexTimeoutMsIsUnavailable) {
  limits_.mongodb_index_timeout_ms = 1'000;
  on("createIndexes", Fate::Kind::kStall, "{}");
  const auto started = start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::kUnavailable);
  limits_.mongodb_index_timeout_ms = 3'600'000;
  wire_.pass_all();
  EXPECT_TRUE(start()) << "the next start builds it";
}

TEST_F(SchemaTest, AServerAloneKnowsNoQuorum) {
  on("none", Fate::Kind::kPass, "{}");
  ASSERT_TRUE(start());
  EXPECT_TRUE(seen("commitQuorum").empty());
}

TEST_F(SchemaTest, ASecondStartMakesNothing) {
  ASSERT_TRUE(start());
  log_.events.clear();
  on("none", Fate::Kind::kPass, "{}");
  ASSERT_TRUE(start());
  EXPECT_TRUE(seen("createIndexes").empty());
  EXPECT_TRUE(seen("\"insert\"").empty());
  EXPECT_THAT(log_.events, testing::Not(Contains("building an index")));
}

TEST_F(SchemaTest, AStalledMajorityIsNoNewerHerald) {
  on("insert", Fate::Kind::kAmend, R"({"writeConcernError": {"code": 64, "errmsg": "timed out"}})");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto started = start();
    if (attempt == 0) {
      ASSERT_FALSE(started);
      EXPECT_EQ(started.error().kind, ErrorKind::kUnavailable);
    } else {
      EXPECT_TRUE(started) << "the document is there, and nothing is written";
    }
  }
}

TEST_F(SchemaTest, AnIndexOfOtherOptionsIsUsed) {
  for (const char* code : {"85", "86"}) {
    on("createIndexes", Fate::Kind::kAnswer, std::string(R"({"ok": 0, "errmsg": "exists", "code": )") + code + "}");
    EXPECT_TRUE(start());
    EXPECT_THAT(log_.events, Contains("an index of other options is there, and is used"));
    log_.events.clear();
  }
}

// Of two processes with different settings the longer one counts, in whatever order they start.
TEST_F(SchemaTest, AnExpiryIsMadeLongerAndNeverShorter) {
  const auto answer_indexes = [](int seconds) {
    return R"({"ok": 1, "cursor": {"id": 0, "ns": "db.c", "firstBatch": [{"name": "expiry", "expireAfterSeconds": )" +
           std::to_string(seconds) + "}]}}";
  };
  ASSERT_TRUE(start());
  for (const auto& [there, changed] : {std::pair(5'000, false), {4'600, false}, {4'599, true}}) {
    seen_.clear();
    wire_.decide_by([this, &answer_indexes, there = there](const WireCommand& command) -> Fate {
      seen_.emplace_back(command.body->json());
      if (command.name == "collMod") return {Fate::Kind::kAnswer, from_json(R"({"ok": 1})")};
      if (command.name == "createIndexes") return {Fate::Kind::kAnswer, from_json(R"({"ok": 1})")};
      const bool expires = command.collection == kMessages || command.collection == kDeliveries;
      if (command.name != "listIndexes" || !expires) return {};
      return {Fate::Kind::kAnswer, from_json(answer_indexes(there))};
    });
    EXPECT_TRUE(start("/", 1'000, true));
    EXPECT_EQ(seen("collMod").size(), changed ? 2U : 0U) << there;
  }
}

}  // namespace
}  // namespace herald::adapters::mongodb
