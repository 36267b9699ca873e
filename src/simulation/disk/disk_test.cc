#include "simulation/disk/disk.h"

#include <gtest/gtest.h>

namespace herald::simulation {
namespace {

class DiskTest : public testing::Test {
 protected:
  DiskFilePtr write(const std::string& path, std::string_view bytes) {
    auto file = disk_.find(path);
    if (!file) file = disk_.create(path);
    file->bytes += bytes;
    return file;
  }
  [[nodiscard]] std::string read(const std::string& path) const {
    const auto file = disk_.find(path);
    return file ? file->bytes : "(no such file)";
  }
  // The power fails, and what a run may choose is `choices`.
  void cut(std::vector<std::uint32_t> choices) {
    auto drawn = Choices::from_record(std::move(choices));
    disk_.cut_power(drawn);
  }

  Disk disk_;
};

TEST_F(DiskTest, WhatWasSyncedSurvivesAPowerCut) {
  Disk::sync(*write("/d/a", "one"));
  disk_.sync_directory("/d");
  for (std::uint32_t how = 0; how < 4; ++how) {
    cut({how});
    EXPECT_EQ(read("/d/a"), "one") << how;
  }
}

TEST_F(DiskTest, BytesThatWereNotSyncedStayOrGoOrAreCut) {
  const auto file = write("/d/a", "one");
  Disk::sync(*file);
  disk_.sync_directory("/d");
  write("/d/a", "two");
  const auto before = disk_.copy();
  cut({0});
  EXPECT_EQ(read("/d/a"), "onetwo");
  file->synced = 3;
  cut({2, 2});
  EXPECT_EQ(read("/d/a"), "onetw");
  file->synced = 3;
  cut({1});
  EXPECT_EQ(read("/d/a"), "one");
  EXPECT_EQ(before.find("/d/a")->bytes, "onetwo") << "a copy is independent";
}

TEST_F(DiskTest, APageThatDidNotReachTheDiskIsZero) {
  write("/d/a", std::string(2 * Disk::kPageBytes, 'x'));
  disk_.sync_directory("/d");
  cut({3, 1, 0});
  EXPECT_EQ(read("/d/a"), std::string(Disk::kPageBytes, '\0') + std::string(Disk::kPageBytes, 'x'));
}

TEST_F(DiskTest, AFailedSyncMayGiveUpWhatALaterOneDoesNotWrite) {
  const auto file = write("/d/a", "one");
  disk_.sync_directory("/d");
  Disk::give_up_unsynced(*file);
  write("/d/a", "two");
  Disk::sync(*file);
  EXPECT_EQ(read("/d/a"), "onetwo") << "running programs read what they wrote";
  cut({});
  EXPECT_EQ(read("/d/a"), std::string(3, '\0') + "two");
}

TEST_F(DiskTest, ANameIsDurableAfterASyncOfItsDirectory) {
  Disk::sync(*write("/d/a", "one"));
  cut({1});
  EXPECT_EQ(disk_.find("/d/a"), nullptr);

  Disk::sync(*write("/d/a", "one"));
  disk_.sync_directory("/other");
  disk_.sync_directory("/d");
  cut({1});
  EXPECT_EQ(read("/d/a"), "one");
}

TEST_F(DiskTest, NamesChangeInTheirOrderAndARenameIsOneStep) {
  Disk::sync(*write("/d/a", "old"));
  Disk::sync(*write("/d/b", "new"));
  disk_.sync_directory("/d");
  EXPECT_TRUE(disk_.rename("/d/b", "/d/a"));
  EXPECT_TRUE(disk_.remove("/d/a"));
  EXPECT_FALSE(disk_.remove("/d/b"));
  cut({1});
  EXPECT_EQ(read("/d/a"), "new") << "the removal came later, and is lost alone";
  EXPECT_EQ(disk_.find("/d/b"), nullptr);
}

TEST_F(DiskTest, ListsTheNamesOfADirectoryInOrder) {
  write("/d/b", "");
  write("/d/a", "");
  write("/d/e/c", "");
  EXPECT_EQ(disk_.children("/d"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(disk_.files().size(), 3);
}

}  // namespace
}  // namespace herald::simulation
