// The same rows, in the order of their keys, and only the last change of each.

#include "adapters/rocksdb/cold/row_sorter.h"

#include <gmock/gmock.h>

#include "adapters/rocksdb/store_test_kit.h"
#include "base/time.h"

namespace herald::adapters {
namespace {

using testing::ElementsAre;

// "family key=value" of each row, or "family key-" where one is deleted.
class Listing final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    rows.push_back(std::to_string(family) + " " + key.ToString() + "=" + value.ToString());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    rows.push_back(std::to_string(family) + " " + key.ToString() + "-");
    return rocksdb::Status::OK();
  }
  std::vector<std::string> rows;
};

class RowSorterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open({.folder = folder_.path()}, clock_, log_, metrics_);
    ASSERT_TRUE(opened.has_value());
    database_ = std::move(*opened);
    sorter_.emplace(*database_);
  }
  [[nodiscard]] std::string id(Family family) const { return std::to_string(database_->family(family)->GetID()); }
  // As many rows as it takes to be sorted, all of one key behind all others.
  void fill() {
    while (batch_.Count() < RowSorter::kRowsLeast) batch_.Put(database_->family(Family::kSleepers), "~", "");
  }
  [[nodiscard]] std::vector<std::string> sorted() {
    Listing listing;
    EXPECT_TRUE(sorter_->sorted(batch_).Iterate(&listing).ok());
    if (!listing.rows.empty() && listing.rows.back() == id(Family::kSleepers) + " ~=") listing.rows.pop_back();
    return listing.rows;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  NullLog log_;
  NullMetrics metrics_;
  std::unique_ptr<Database> database_;
  rocksdb::WriteBatch batch_;
  std::optional<RowSorter> sorter_;
};

TEST_F(RowSorterTest, ASmallBatchStaysAsItIs) {
  while (batch_.Count() < RowSorter::kRowsLeast - 1) batch_.Put(database_->family(Family::kMeta), "b", "1");
  EXPECT_EQ(&sorter_->sorted(batch_), &batch_);
  batch_.Put(database_->family(Family::kMeta), "a", "2");
  EXPECT_NE(&sorter_->sorted(batch_), &batch_);
  EXPECT_EQ(sorter_->sorted(batch_).Count(), 2);
}

TEST_F(RowSorterTest, KeysComeInTheOrderOfTheirBytes) {
  auto* const family = database_->family(Family::kMessages);
  for (const char* key : {"\xFF", "a23456789", "a2345678", "a23456780", "", "b", "a"}) batch_.Put(family, key, "v");
  batch_.Put(family, rocksdb::Slice("a\0", 2), "zero");
  fill();
  const std::string in = id(Family::kMessages) + " ";
  EXPECT_THAT(sorted(), ElementsAre(in + "=v", in + "a=v", in + std::string("a\0", 2) + "=zero", in + "a2345678=v",
                                    in + "a23456780=v", in + "a23456789=v", in + "b=v", in + "\xFF=v"));
}

TEST_F(RowSorterTest, TheLastChangeOfAKeyCounts) {
  auto* const family = database_->family(Family::kPending);
  batch_.Put(family, "gone", "1");
  batch_.Put(family, "back", "1");
  batch_.Delete(family, "back");
  batch_.Put(family, "changed", "1");
  batch_.Put(family, "changed", "2");
  batch_.Delete(family, "gone");
  batch_.Put(family, "back", "2");
  fill();
  const std::string in = id(Family::kPending) + " ";
  EXPECT_THAT(sorted(), ElementsAre(in + "back=2", in + "changed=2", in + "gone-"));
}

TEST_F(RowSorterTest, EachColumnFamilyKeepsItsRows) {
  batch_.Put(database_->family(Family::kReceipts), "k", "receipt");
  batch_.Delete(database_->family(Family::kMessages), "k");
  batch_.Put(database_->family(Family::kMeta), "k", "meta");
  fill();
  EXPECT_THAT(sorted(), ElementsAre(id(Family::kMeta) + " k=meta", id(Family::kMessages) + " k-",
                                    id(Family::kReceipts) + " k=receipt"));
}

}  // namespace
}  // namespace herald::adapters
