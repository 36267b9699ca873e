#include "adapters/mongodb/bulk.h"

#include <gtest/gtest.h>

#include "adapters/mongodb/bson.h"

namespace herald::adapters::mongodb {
namespace {

using Sizes = std::vector<std::size_t>;

constexpr std::size_t kRoom = 100'000 - 16'384;

TEST(MongodbBulk, ItemsThatFitOneCommandAreOnePart) {
  const BulkLimits limits{.documents = 3, .message_bytes = 100'000};
  EXPECT_EQ(parts_of(Sizes{}, limits), Sizes{});
  EXPECT_EQ(parts_of(Sizes{10, 10, 10}, limits), Sizes{3});
  EXPECT_EQ(parts_of(Sizes{kRoom / 2, kRoom / 2}, limits), Sizes{2});
}

TEST(MongodbBulk, OneItemPastALimitBeginsAnotherPart) {
  const BulkLimits limits{.documents = 3, .message_bytes = 100'000};
  EXPECT_EQ(parts_of(Sizes{10, 10, 10, 10}, limits), (Sizes{3, 1}));
  EXPECT_EQ(parts_of(Sizes{kRoom / 2, kRoom / 2, 1}, limits), (Sizes{2, 1}));
  EXPECT_EQ(parts_of(Sizes{kRoom, 1, kRoom}, limits), (Sizes{1, 1, 1}));
}

TEST(MongodbBulk, AnItemThatFitsNoCommandIsAloneInItsPart) {
  EXPECT_EQ(parts_of(Sizes{1, 200'000, 1}, {.documents = 3, .message_bytes = 100'000}), (Sizes{1, 1, 1}));
  EXPECT_EQ(parts_of(Sizes{1, 1}, {.documents = 3, .message_bytes = 2}), (Sizes{1, 1})) << "half of it is for the rest";
}

TEST(MongodbBulk, TheServersLimitsComeFromHello) {
  Document hello = number_of("maxWriteBatchSize", 7);
  hello.number("maxMessageSizeBytes", 1'000'000).number("maxBsonObjectSize", 0);
  const BulkLimits limits = bulk_limits(*hello.get());
  EXPECT_EQ(limits.documents, 7U);
  EXPECT_EQ(limits.message_bytes, 1'000'000U);
  EXPECT_EQ(limits.document_bytes, BulkLimits{}.document_bytes) << "0 is no limit";
}

}  // namespace
}  // namespace herald::adapters::mongodb
