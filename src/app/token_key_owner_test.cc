#include "app/token_key_owner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/in_memory/in_memory_store.h"

namespace herald::app {
namespace {

using testing::HasSubstr;

// What a start asks of the stores, answered by the test.
class FakeStores final : public Stores {
 public:
  Result<std::string> noted = std::string();
  Result<bool> devices = true;
  bool full = false;

  ports::MessageStore& messages() override { return memory_; }
  ports::DeliveryStore& deliveries() override { return memory_; }
  ports::Directory& directory() override { return memory_; }
  ports::ReceiptLog& receipts() override { return memory_; }
  ports::ServerRegistry& servers() override { return memory_; }
  Result<std::string> note(std::string_view /*name*/) override { return noted; }
  Status set_note(std::string_view /*name*/, std::string_view value) override {
    if (full) return fail(ErrorKind::kUnavailable, "disk full");
    noted = std::string(value);
    return {};
  }
  Result<bool> has_devices() override { return devices; }

 private:
  Limits limits_;
  ManualClock clock_;
  adapters::InMemoryStore memory_{limits_, clock_};
};

struct TokenKeyOwnerTest : testing::Test {
  FakeStores stores;
  NullLog log;
  const std::vector<std::uint8_t> a = std::vector<std::uint8_t>(32, 1);
  const std::vector<std::uint8_t> b = std::vector<std::uint8_t>(32, 2);
  const std::vector<std::uint8_t> c = std::vector<std::uint8_t>(32, 3);

  auto check(const TokenKeys& keys, MissingData missing = MissingData::kRefuse) {
    return check_owner(stores, keys, "/data/token.keys", missing, log);
  }
};

TEST_F(TokenKeyOwnerTest, NewKeysAreNotMadeNextToADatabaseThatKnowsDevices) {
  const auto refused = may_make_keys(stores, "/data/token.keys", MissingData::kRefuse, log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::kDataDamaged);
  EXPECT_THAT(refused.error().message, HasSubstr("/data/token.keys is missing"));
  EXPECT_THAT(refused.error().message, HasSubstr("--missing-data accept"));
  EXPECT_TRUE(may_make_keys(stores, "/data/token.keys", MissingData::kAccept, log));
  stores.devices = false;
  EXPECT_TRUE(may_make_keys(stores, "/data/token.keys", MissingData::kRefuse, log));
}

TEST_F(TokenKeyOwnerTest, OtherKeysAreRefusedUntilTheyAreAccepted) {
  ASSERT_TRUE(check({a}));
  ASSERT_TRUE(check({a}));
  const auto refused = check({b});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ExitCode::kDataDamaged);
  EXPECT_THAT(refused.error().message, HasSubstr("/data/token.keys holds none of the keys"));
  EXPECT_TRUE(check({a})) << "the note still names the old one";
  EXPECT_TRUE(check({b}, MissingData::kAccept));
  EXPECT_TRUE(check({b})) << "once is enough";
  EXPECT_FALSE(check({a}));
}

TEST_F(TokenKeyOwnerTest, KeysRotateOneByOne) {
  ASSERT_TRUE(check({a}));
  EXPECT_TRUE(check({b, a}));
  EXPECT_TRUE(check({b}));
  EXPECT_TRUE(check({c, b}));
  EXPECT_FALSE(check({a}));
}

TEST_F(TokenKeyOwnerTest, WithoutDevicesAnyKeysAreGood) {
  stores.devices = false;
  ASSERT_TRUE(check({a}));
  EXPECT_TRUE(check({b}));
}

TEST_F(TokenKeyOwnerTest, DatabaseOfAnEarlierVersionTakesItsKeysOver) {
  EXPECT_TRUE(check({a})) << "nothing is noted";
  EXPECT_FALSE(check({b}));
}

TEST_F(TokenKeyOwnerTest, FullDiskKeepsNobodyFromStarting) {
  stores.full = true;
  EXPECT_TRUE(check({a}));
  EXPECT_EQ(*stores.noted, "");
}

TEST_F(TokenKeyOwnerTest, StoreThatCanNotBeReadIsNotGuessed) {
  stores.noted = fail(ErrorKind::kUnavailable, "away");
  const auto failed = check({a}, MissingData::kAccept);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ExitCode::kDataUnusable);
}

TEST(TokenKeyFingerprints, AreNotTheKeys) {
  const std::vector<std::uint8_t> key(32, 0xab);
  const std::string lines = fingerprints({key, std::vector<std::uint8_t>(32, 0xcd)});
  EXPECT_EQ(lines.size(), 2 * 33U);
  EXPECT_THAT(lines, testing::Not(HasSubstr("abababab")));
}

}  // namespace
}  // namespace herald::app
