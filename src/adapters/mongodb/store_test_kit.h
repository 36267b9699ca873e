#pragma once
// A store on a real database, for tests: HERALD_TEST_MONGODB_URI says where. Private to this folder.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

#include "adapters/mongodb/connection.h"
#include "adapters/mongodb/mongodb_store.h"
#include "adapters/mongodb/session.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/random.h"
#include "ports/contract/store_caller.h"
#include "ports/contract/store_fixture.h"

namespace herald::adapters::mongodb {

constexpr std::chrono::milliseconds kHour{3'600'000};

inline const App kApp{.id = ports::contract::app_id(1), .kind = PayloadKind::kFlow2012, .public_key_pem = ""};

// Of kApp, for an hour. The ids of one moment are ordered by `n`.
[[nodiscard]] inline Message message_at(WallTime now, std::uint64_t n, std::string key) {
  return {.id = ports::contract::numbered<MessageId>(static_cast<std::uint64_t>(now.ms) * 1000 + n),
          .app = kApp.id,
          .replace_key = std::move(key),
          .meta = "",
          .body = "body",
          .accepted_at = now,
          .expires_at = now + kHour};
}

// Of extended JSON. Numbers that fit are of 32 bits, as a server's own.
[[nodiscard]] inline Document from_json(const std::string& json) {
  bson_error_t error{};
  bson_t* made =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
  HERALD_CHECK(made != nullptr, "a test's JSON that can't be read");
  Document document(*made);
  bson_destroy(made);
  return document;
}

inline std::string test_uri() {
  const char* uri = std::getenv("HERALD_TEST_MONGODB_URI");
  HERALD_CHECK(uri != nullptr, "these tests need HERALD_TEST_MONGODB_URI: start them with tests/support/database.py");
  return uri;
}

// The first server of the test's connection string.
class FirstServer {
 public:
  [[nodiscard]] std::string host() const { return mongoc_uri_get_hosts(uri_.get())->host; }
  [[nodiscard]] std::uint16_t port() const { return mongoc_uri_get_hosts(uri_.get())->port; }
  // The connection string with another address in its place.
  [[nodiscard]] static std::string replaced_by(const std::string& address) {
    std::string uri = test_uri();
    const std::size_t scheme = uri.find("://") + 3;
    const std::size_t end = std::min(uri.find_first_of(",/?", scheme), uri.size());
    const std::size_t login = uri.rfind('@', end);
    const std::size_t begin = login == uri.npos || login < scheme ? scheme : login + 1;
    return uri.replace(begin, end - begin, address);
  }

 private:
  struct DestroyUri {
    void operator()(mongoc_uri_t* it) const { mongoc_uri_destroy(it); }
  };
  std::unique_ptr<mongoc_uri_t, DestroyUri> uri_{mongoc_uri_new(test_uri().c_str())};
};

// A database of its own, dropped at the end.
class TestDatabase {
 public:
  TestDatabase() {
    std::array<std::uint8_t, 6> bytes{};
    SystemRandom().fill(bytes);
    options_ = {test_uri(), "herald_test_" + to_hex(bytes), false};
    connection_ = Connection::make(options_, Limits{}).value();
  }
  ~TestDatabase() {
    const auto client = connection_->client();
    EXPECT_TRUE(Session(*client, options_.database, clock_, metrics_).command(number_of("dropDatabase", 1)));
  }
  [[nodiscard]] const MongodbOptions& options() const { return options_; }
  [[nodiscard]] Connection& connection() { return *connection_; }

 private:
  const SystemClock clock_;
  NullMetrics cells_;
  StoreMetrics metrics_{cells_};
  MongodbOptions options_;
  std::unique_ptr<Connection> connection_;
};

class MongodbUnderTest final : public ports::contract::StoreUnderTest {
 public:
  MongodbUnderTest(const Limits& limits, const Clock& clock) : MongodbUnderTest(limits, clock, nothing_, test_uri()) {}
  // `uri`: another way to the same database.
  MongodbUnderTest(const Limits& limits, const Clock& clock, Metrics& metrics, const std::string& uri) {
    MongodbOptions options = database_.options();
    options.uri = uri;
    auto opened = MongodbStore::open(options, limits, clock, log_, metrics);
    HERALD_CHECK(opened.has_value(), "the test database can't be opened");
    store_ = std::move(*opened);
  }
  ports::MessageStore& messages() override { return *store_; }
  ports::DeliveryStore& deliveries() override { return *store_; }
  ports::Directory& directory() override { return *store_; }
  ports::ReceiptLog& receipts() override { return *store_; }
  ports::ServerRegistry& servers() override { return *store_; }
  [[nodiscard]] TestDatabase& database() { return database_; }

 private:
  NullLog log_;
  NullMetrics nothing_;
  TestDatabase database_;
  std::unique_ptr<MongodbStore> store_;
};

}  // namespace herald::adapters::mongodb
