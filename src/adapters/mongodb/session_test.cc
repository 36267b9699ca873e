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

}  // namespace
}  // namespace herald::adapters::mongodb
