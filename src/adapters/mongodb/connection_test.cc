#include "adapters/mongodb/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/mongodb/mongodb_store.h"

namespace herald::adapters::mongodb {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MongodbConnection, WhatIsShownHasNoCredentials) {
  EXPECT_EQ(servers_of("mongodb://db1:27017,db2/?replicaSet=rs0"), "mongodb://db1:27017,db2");
  EXPECT_EQ(servers_of("mongodb://herald:s3cr3t@db1,db2/admin"), "mongodb://db1,db2");
  EXPECT_EQ(servers_of("mongodb+srv://herald:s%40cret@cluster.example.com"), "mongodb+srv://cluster.example.com");
  EXPECT_EQ(servers_of("mongodb://herald:s@cret@db1/"), "mongodb://db1") << "though an @ must be written %40";
  EXPECT_EQ(servers_of("mongodb://herald:s/cret@db1/"), "mongodb://(hidden)") << "though a / must be written %2F";
  EXPECT_EQ(servers_of("s3cr3t"), "(not a connection string)");
}

TEST(MongodbConnection, ABadConnectionStringIsRefusedWithoutRepeatingIt) {
  for (const char* uri : {"s3cr3t", "mongodb://herald:s3cr3t@", "mongodb://herald:s3c%r3t@db1/"}) {
    const auto made = Connection::make({.uri = uri, .database = "herald"}, Limits{});
    ASSERT_FALSE(made) << uri;
    EXPECT_EQ(made.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(made.error().message, Not(HasSubstr("3cr")));
    EXPECT_THAT(made.error().message, Not(HasSubstr("r3t")));
  }
}

TEST(MongodbConnection, ReplicaSetsTlsAndCredentialsAreTheDriversToRead) {
  const char* uri = "mongodb://herald:s3cr3t@db1,db2:27018/?replicaSet=rs0&tls=true&authSource=admin";
  EXPECT_TRUE(Connection::make({.uri = uri, .database = "herald"}, Limits{}));
}

// Nobody listens on port 1.
TEST(MongodbConnection, AnAbsentDatabaseIsWaitedForNoLongerThanTheLimit) {
  Limits limits;
  limits.mongodb_timeout_ms = 200;
  limits.mongodb_start_timeout_ms = 0;
  const SystemClock clock;
  NullLog log;
  NullMetrics metrics;
  const auto began = clock.mono();
  const auto opened =
      MongodbStore::open({.uri = "mongodb://u:s3cr3t@127.0.0.1:1/", .database = "herald"}, limits, clock, log, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(opened.error().message, HasSubstr("mongodb://127.0.0.1:1"));
  EXPECT_THAT(opened.error().message, Not(HasSubstr("s3cr3t")));
  EXPECT_LT(clock.mono() - began, std::chrono::seconds(25)) << "the driver's own limit is 30 s";
}

// As the driver takes them.
TEST(MongodbConnection, OneServerWithoutItsSetIsTalkedToAlone) {
  for (const auto& [uri, direct] : {std::pair("mongodb://db1/", true),
                                    {"mongodb://db1/?directConnection=true", true},
                                    {"mongodb://db1/?directConnection=true&replicaSet=rs0", true},
                                    {"mongodb://db1/?directConnection=false", false},
                                    {"mongodb://db1/?replicaSet=rs0", false},
                                    {"mongodb://db1,db2/", false}}) {
    const auto made = Connection::make({.uri = uri, .database = "herald"}, Limits{});
    ASSERT_TRUE(made) << uri;
    EXPECT_EQ((*made)->is_direct(), direct) << uri;
  }
}

}  // namespace
}  // namespace herald::adapters::mongodb
