// What a session answers when the database carries out a part of a command, or says that it did not.
#include "adapters/mongodb/session.h"

#include <gmock/gmock.h>

#include "adapters/mongodb/faulty_wire.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/store_test_kit.h"

namespace herald::adapters::mongodb {
namespace {

class SessionTest : public testing::Test {
 protected:
  // Connects; the wire says what the server is until then.
  void connect() {
    MongodbOptions options = database_.options();
    options.uri = FirstServer::replaced_by(wire_.address());
    Limits limits;
    limits.mongodb_timeout_ms = 60'000;
    connection_ = Connection::make(options, limits).value();
    client_.emplace(connection_->client());
    session_.emplace(**client_, connection_->database(), clock_, metrics_);
  }
  void connect_to(const std::string& hello) {
    wire_.pose_as(from_json(hello));
    connect();
  }
  // The `nth` insert from now on meets `fate`.
  void at_insert(int nth, Fate::Kind fate, const Document& document = {}) {
    auto left = std::make_shared<int>(nth);
    auto shared = std::make_shared<const Document>(*document.get());
    wire_.decide_by([left, fate, shared](const WireCommand& command) -> Fate {
      if (command.name != "insert" || --*left != 0) return {};
      return {fate, Document(*shared->get())};
    });
  }
  [[nodiscard]] static std::vector<Document> numbered(std::int64_t from, std::int64_t count) {
    std::vector<Document> documents;
    for (std::int64_t n = from; n < from + count; ++n) documents.push_back(number_of("_id", n));
    return documents;
  }
  [[nodiscard]] std::uint64_t stored() { return session_->count(kMessages, Document()).value(); }

  const SystemClock clock_;
  NullMetrics cells_;
  StoreMetrics metrics_{cells_};
  TestDatabase database_;
  const FirstServer there_;
  FaultyWire wire_{there_.host(), there_.port()};
  std::unique_ptr<Connection> connection_;
  std::optional<Connection::Client> client_;
  std::optional<Session> session_;
};

// The second part is lost twice. The repeat finds only duplicates in the first part, which must not stand for the
// second.
TEST_F(SessionTest, ABulkWhoseSecondPartIsLostIsNotStored) {
  const Document not_primary = from_json(R"({"ok": 0, "code": 10107, "errmsg": "not primary"})");
  connect_to(R"({"maxWriteBatchSize": 2})");
  std::int64_t first = 0;
  for (const auto fate : {Fate::Kind::kBreak, Fate::Kind::kAnswer}) {
    const auto documents = numbered(first, 3);
    for (int attempt = 0; attempt < 2; ++attempt) {
      at_insert(2, fate, not_primary);
      const auto inserted = session_->insert(kMessages, documents);
      ASSERT_FALSE(inserted) << "attempt " << attempt;
      EXPECT_EQ(inserted.error().kind, ErrorKind::kUnavailable) << inserted.error().message;
    }
    wire_.pass_all();
    const auto inserted = session_->insert(kMessages, documents);
    ASSERT_TRUE(inserted);
    EXPECT_EQ(inserted->count, 1U);
    EXPECT_EQ(inserted->is_new, (std::vector{false, false, true}));
    first += 3;
    EXPECT_EQ(stored(), static_cast<std::uint64_t>(first));
  }
}

// All of 1,000 documents of 65 KB is more than the 48 MB of a message.
TEST_F(SessionTest, ABulkIsCutBelowTheServersLimits) {
  std::vector<std::size_t> inserts;
  wire_.decide_by([&inserts](const WireCommand& command) -> Fate {
    if (command.name == "insert") inserts.push_back(command.documents);
    return {};
  });
  connect_to(R"({"maxWriteBatchSize": 3, "maxMessageSizeBytes": 200000})");
  std::vector<Document> large;
  for (std::int64_t n = 0; n < 5; ++n) {
    large.push_back(number_of("_id", n));
    large.back().text("body", std::string(80'000, 'x'));
  }
  ASSERT_TRUE(session_->insert(kMessages, large));
  ASSERT_TRUE(session_->insert(kMessages, numbered(5, 4)));
  wire_.pass_all();
  EXPECT_EQ(inserts, (std::vector<std::size_t>{2, 2, 1, 3, 1}));
  EXPECT_EQ(stored(), 9U);
}

TEST_F(SessionTest, UpdatesAndRemovalsOfSeveralCommandsAreCountedTogether) {
  connect_to(R"({"maxWriteBatchSize": 2})");
  ASSERT_TRUE(session_->insert(kMessages, numbered(0, 5)));
  std::vector<Update> updates;
  std::vector<Document> filters;
  for (std::int64_t n = 0; n < 5; ++n) {
    updates.push_back({number_of("_id", n), document_of("$set", flag_of("open", true))});
    filters.push_back(number_of("_id", n));
  }
  const auto updated = session_->update(kMessages, updates);
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->matched, 5U);
  EXPECT_EQ(updated->changed, 5U);
  EXPECT_EQ(session_->remove(kMessages, filters).value(), 5U);
}

TEST_F(SessionTest, ADocumentThatTheServerDoesNotTakeIsTooLarge) {
  connect_to(R"({"maxBsonObjectSize": 1000})");
  Document large = number_of("_id", 1);
  large.text("body", std::string(20'000, 'x'));  // the driver allows 16 KiB more than the server says
  const auto inserted = session_->insert(kMessages, {&large, 1});
  ASSERT_FALSE(inserted);
  EXPECT_EQ(inserted.error().kind, ErrorKind::kTooLarge) << inserted.error().message;
}

// The majority has not confirmed what the primary has. Duplicates beside it do not make it a conflict, and no error
// beside it does not make it a success.
TEST_F(SessionTest, AWriteConcernErrorIsUnavailableWhateverComesWithIt) {
  const Document stalled =
      from_json(R"({"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}})");
  connect_to("{}");
  for (int attempt = 0; attempt < 2; ++attempt) {
    at_insert(1, Fate::Kind::kAmend, stalled);
    const auto inserted = session_->insert(kMessages, numbered(0, 2));
    ASSERT_FALSE(inserted);
    EXPECT_EQ(inserted.error().kind, ErrorKind::kUnavailable) << inserted.error().message;
  }
  wire_.decide_by([&stalled](const WireCommand&) -> Fate { return {Fate::Kind::kAmend, Document(*stalled.get())}; });
  const Update change{number_of("_id", 1), document_of("$set", flag_of("open", true))};
  EXPECT_EQ(session_->update(kMessages, {&change, 1}).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(session_->remove(kMessages, {&change.filter, 1}).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(session_->find_and_update(kMessages, change.filter, change.change, true).error().kind,
            ErrorKind::kUnavailable);
  EXPECT_EQ(session_->write_command(text_of("create", "made")).error().kind, ErrorKind::kUnavailable);
  wire_.pass_all();
}

TEST_F(SessionTest, AStalledMajorityIsAnAnswerBeforeTheSocketsTimeIsOver) {
  std::int64_t wtimeout = 0;
  wire_.decide_by([&wtimeout](const WireCommand& command) -> Fate {
    if (command.name == "insert") {
      bson_iter_t root;
      bson_iter_t at;
      bson_iter_init(&root, command.body->get());
      if (bson_iter_find_descendant(&root, "writeConcern.wtimeout", &at)) wtimeout = bson_iter_as_int64(&at);
    }
    return {};
  });
  connect_to("{}");
  ASSERT_TRUE(session_->insert(kMessages, numbered(0, 1)));
  wire_.pass_all();
  EXPECT_EQ(wtimeout, 45'000) << "of 60,000";
}

}  // namespace
}  // namespace herald::adapters::mongodb
