#include "adapters/mongodb/errors.h"

#include <gtest/gtest.h>

#include "adapters/mongodb/bson.h"

namespace herald::adapters::mongodb {
namespace {

bson_error_t error_of(std::uint32_t domain, std::uint32_t code, const char* message = "") {
  bson_error_t error;
  bson_set_error(&error, domain, code, "%s", message);
  return error;
}

TEST(MongodbErrors, WhatPassesByItselfIsRetried) {
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET), nullptr), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER_SELECTION, 1, "No suitable servers found"), nullptr),
            ErrorKind::kUnavailable);
  for (const std::uint32_t code : {10'107U, 13'435U, 189U, 91U, 11'600U, 11'602U, 50U, 64U, 14'031U}) {
    EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, code), nullptr), ErrorKind::kUnavailable) << code;
  }
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_WRITE_CONCERN, 64), nullptr), ErrorKind::kUnavailable);
}

TEST(MongodbErrors, CodesThatTheManualCallsPassingAreRetried) {
  for (const std::uint32_t code : {43U, 237U, 24U, 11'601U, 63U, 150U, 365U}) {
    EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, code), nullptr), ErrorKind::kUnavailable) << code;
  }
  for (const std::uint32_t code : {85U, 86U}) {
    EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, code), nullptr), ErrorKind::kConflict) << code;
  }
}

TEST(MongodbErrors, AWriteConcernErrorComesBeforeAnyOther) {
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_WRITE_CONCERN, 79), nullptr), ErrorKind::kUnavailable);
  Document reply;
  const Document errors[] = {number_of("code", 64)};
  reply.documents("writeConcernErrors", errors);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, kDuplicateKey), reply.get()), ErrorKind::kUnavailable);
  Document none;
  none.documents("writeConcernErrors", {});
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, kDuplicateKey), none.get()), ErrorKind::kConflict);
}

TEST(MongodbErrors, WhatTheDriverDoesNotSendForItsSizeIsTooLarge) {
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID,
                             "Document 0 is too large for the cluster. Document is 1200 bytes, max is 1000."),
                    nullptr),
            ErrorKind::kTooLarge);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_TOO_BIG), nullptr), ErrorKind::kTooLarge);
}

TEST(MongodbErrors, AScramThatTheDriverDoesNotUnderstandIsNoWrongPassword) {
  const Error error = to_error(error_of(MONGOC_ERROR_SCRAM, MONGOC_ERROR_SCRAM_PROTOCOL_ERROR, "bad salt"), nullptr);
  EXPECT_EQ(error.kind, ErrorKind::kInternal);
  EXPECT_NE(error.message.find("did not get as far as the password"), std::string::npos);
}

TEST(MongodbErrors, AServerThatIsNotThePrimaryIsNotABrokenConnection) {
  for (const std::uint32_t code : {10'107U, 13'435U, 189U, 91U, 11'600U, 11'602U}) {
    EXPECT_TRUE(is_no_primary(error_of(MONGOC_ERROR_SERVER, code))) << code;
  }
  EXPECT_FALSE(is_no_primary(error_of(MONGOC_ERROR_SERVER, 112)));
  EXPECT_FALSE(is_no_primary(error_of(MONGOC_ERROR_STREAM, 10'107)));
}

TEST(MongodbErrors, ABrokenConnectionIsNotOneThatCouldNotBeOpened) {
  EXPECT_TRUE(is_broken_connection(error_of(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET)));
  EXPECT_FALSE(is_broken_connection(error_of(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT)));
  EXPECT_FALSE(is_broken_connection(error_of(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE)));
  EXPECT_FALSE(is_broken_connection(error_of(MONGOC_ERROR_SERVER, 10'107)));
}

TEST(MongodbErrors, ALabelOfTheServerSaysRetry) {
  const std::string labels[] = {"RetryableWriteError"};
  Document reply;
  reply.texts("errorLabels", labels);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, 4'242), reply.get()), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, 4'242), nullptr), ErrorKind::kInternal);
}

TEST(MongodbErrors, ARefusedLoginStops) {
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_CLIENT, MONGOC_ERROR_CLIENT_AUTHENTICATE), nullptr),
            ErrorKind::kUnauthorized);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, 18), nullptr), ErrorKind::kUnauthorized);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, 13), nullptr), ErrorKind::kUnauthorized);
  EXPECT_EQ(
      kind_of(error_of(MONGOC_ERROR_SERVER_SELECTION, 1, "No suitable servers: [Authentication failed.]"), nullptr),
      ErrorKind::kUnauthorized);
}

TEST(MongodbErrors, TheRestIsRefused) {
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, kDuplicateKey), nullptr), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, 10'334), nullptr), ErrorKind::kTooLarge);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_SERVER, kNotImplemented), nullptr), ErrorKind::kInvalid);
  EXPECT_EQ(kind_of(error_of(MONGOC_ERROR_BSON, 1), nullptr), ErrorKind::kInternal);
}

}  // namespace
}  // namespace herald::adapters::mongodb
