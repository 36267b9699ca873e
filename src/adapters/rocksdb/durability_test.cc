// What survives the end of a process, and what is said about folders that cannot be opened.

#include <gmock/gmock.h>
#include <rocksdb/db.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "adapters/rocksdb/cold/byte_codec.h"
#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using ports::contract::numbered;

[[nodiscard]] Message numbered_message(std::uint64_t n, WallTime accepted_at) {
  return {.id = numbered<MessageId>(n),
          .app = app_id(1),
          .replace_key = "key " + std::to_string(n),
          .meta = "",
          .body = std::string(300, 'x'),
          .accepted_at = accepted_at,
          .expires_at = accepted_at + std::chrono::hours(1)};
}

constexpr const char* kChildFolder = "HERALD_STORE_TEST_CHILD_FOLDER";
constexpr const char* kChildFirst = "HERALD_STORE_TEST_CHILD_FIRST";

// This program, started with those variables, puts messages one by one and writes the number of each to standard
// output once it is stored, until it is killed. It must start anew, since RocksDB's threads do not survive a fork.
[[noreturn]] void put_forever(const char* folder, std::uint64_t first) {
  const Limits limits;
  const ManualClock clock;
  OpenStore store(std::make_shared<TemporaryFolder>(folder), limits, clock);
  Caller call(store);
  for (std::uint64_t n = first;; ++n) {
    if (!call.put(numbered_message(n, clock.wall())) || write(STDOUT_FILENO, &n, sizeof(n)) != sizeof(n)) _exit(1);
  }
}

const bool kIsChild = [] {
  const char* const folder = getenv(kChildFolder);
  if (folder != nullptr) put_forever(folder, std::strtoull(getenv(kChildFirst), nullptr, 10));
  return false;
}();

// A process that does put_forever().
class Putter {
 public:
  Putter(const std::string& folder, std::uint64_t first) {
    int ends[2];
    HERALD_CHECK(pipe(ends) == 0, "no pipe");
    out_ = ends[0];
    std::string folder_variable = std::string(kChildFolder) + "=" + folder;
    std::string first_variable = std::string(kChildFirst) + "=" + std::to_string(first);
    std::string name = "putter";
    char* arguments[] = {name.data(), nullptr};
    char* environment[] = {folder_variable.data(), first_variable.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out_);
    HERALD_CHECK(posix_spawn(&child_, "/proc/self/exe", &actions, nullptr, arguments, environment) == 0, "no child");
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }
  ~Putter() { close(out_); }
  // The next number it acknowledged; 0: it is gone.
  [[nodiscard]] std::uint64_t next() const {
    std::uint64_t n = 0;
    return read(out_, &n, sizeof(n)) == sizeof(n) ? n : 0;
  }
  // Answers the last number it acknowledged, or 0 if all were read.
  std::uint64_t kill_now() {
    kill(child_, SIGKILL);
    std::uint64_t last = 0;
    for (auto n = next(); n != 0; n = next()) last = n;
    waitpid(child_, nullptr, 0);
    return last;
  }

 private:
  pid_t child_ = 0;
  int out_ = -1;
};

class Durability : public testing::Test {
 protected:
  [[nodiscard]] Message message(std::uint64_t n) const { return numbered_message(n, clock_.wall()); }
  [[nodiscard]] ErrorKind open_error(const std::string& folder, std::string_view said = "") {
    auto opened = RocksdbStore::open({.folder = folder}, limits_, clock_, log_, metrics_);
    EXPECT_FALSE(opened);
    if (opened) return ErrorKind::kInternal;
    EXPECT_THAT(opened.error().message, testing::HasSubstr(said));
    EXPECT_THAT(opened.error().message, testing::HasSubstr(folder));
    return opened.error().kind;
  }
  // The folder's newest file of that kind.
  [[nodiscard]] std::string newest_file(std::string_view part_of_name) const {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(folder_->path())) {
      const bool is_of_kind = entry.path().filename().string().find(part_of_name) != std::string::npos;
      if (is_of_kind) newest = std::max(newest, entry.path().string());
    }
    return newest;
  }
  void put_many(std::uint64_t count) {
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    for (std::uint64_t n = 1; n <= count; ++n) ASSERT_TRUE(call.put(message(n)));
  }

  Limits limits_;
  ManualClock clock_;
  NullLog log_;
  NullMetrics metrics_;
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

TEST_F(Durability, EverythingIsThereAfterReopening) {
  {
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(call.put(message(n)));
    ASSERT_TRUE(call.register_app({.id = app_id(1), .kind = {}, .public_key_pem = "pem"}, device(1)));
    call.set_location(device(1), {.kind = LocationKind::kSleeping, .server = "UDP1"},
                      WakeInterface{.ip = "10.0.0.1", .port = 1});
    call.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true},
              {.message = message(2).id, .user_agents = {device(1)}, .last_page = true}},
             clock_.wall());
    call.record({{message(2).id, device(1), DeliveryState::kAcked, clock_.wall(), clock_.wall()}});
  }
  OpenStore store(folder_, limits_, clock_);
  Caller call(store);
  const auto pending = call.pending(device(1), {}, 10, clock_.wall());
  ASSERT_EQ(pending.messages.size(), 1);
  EXPECT_EQ(pending.messages[0]->body, message(1).body);
  EXPECT_EQ(call.status(app_id(1), "key 2", clock_.wall())->state, DeliveryState::kAcked);
  EXPECT_EQ(call.unrouted({}, clock_.wall() + std::chrono::seconds(1), 10).at(0).message, message(3).id);
  EXPECT_EQ(call.find_app(app_id(1))->public_key_pem, "pem");
  EXPECT_EQ(call.nodes_of(app_id(1), {}, 10).user_agents.size(), 1);
  EXPECT_EQ(call.sleepers("UDP1", {}, 10).size(), 1);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(call.purge(clock_.wall(), std::chrono::hours(2), 10).expired, 2);
}

TEST_F(Durability, ThePendingLimitCountsWhatWasThereBefore) {
  limits_.pending_per_device = 2;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    ASSERT_TRUE(call.put(message(n)));
    const auto outcome =
        call.add({{.message = message(n).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
    EXPECT_EQ(outcome.dropped, n == 3 ? 1 : 0);
  }
}

TEST_F(Durability, WhatWasAcknowledgedSurvivesKill) {
  std::mt19937 random(7);
  std::uint64_t stored = 0;
  for (int round = 0; round < 4; ++round) {
    Putter putter(folder_->path(), stored + 1);
    for (auto left = 1 + random() % 200; left > 0; --left) {
      const auto acknowledged = putter.next();
      ASSERT_GT(acknowledged, stored);
      stored = acknowledged;
    }
    stored = std::max(stored, putter.kill_now());
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    for (std::uint64_t n = 1; n <= stored; ++n) {
      ASSERT_NE(call.fetch({message(n).id}, clock_.wall()).at(0), nullptr) << n << " of " << stored;
    }
    // One more may have been written and not reported.
    if (call.fetch({message(stored + 1).id}, clock_.wall()).at(0) != nullptr) ++stored;
  }
}

TEST_F(Durability, DamageInTheMiddleOfTheLogIsReported) {
  put_many(20);
  const auto log = newest_file(".log");
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(log) / 2));
  file.write("damage", 6);
  file.close();
  EXPECT_EQ(open_error(folder_->path(), "damaged"), ErrorKind::kCorrupt);
}

TEST_F(Durability, ALostOrDamagedFileIsReported) {
  put_many(1);
  std::filesystem::resize_file(newest_file("MANIFEST-"), 10);
  EXPECT_EQ(open_error(folder_->path(), "damaged"), ErrorKind::kCorrupt);
  std::filesystem::remove(folder_->path() + "/CURRENT");
  EXPECT_EQ(open_error(folder_->path(), "damaged"), ErrorKind::kCorrupt);
}

TEST_F(Durability, AFolderInUseIsAConflict) {
  OpenStore store(folder_, limits_, clock_);
  EXPECT_EQ(open_error(folder_->path(), "in use"), ErrorKind::kConflict);
}

TEST_F(Durability, AFolderInUseByAnotherProcessIsAConflict) {
  Putter putter(folder_->path(), 1);
  EXPECT_EQ(putter.next(), 1);
  EXPECT_EQ(open_error(folder_->path(), "in use"), ErrorKind::kConflict);
  putter.kill_now();
}

TEST_F(Durability, AFolderThatCannotBeMadeIsUnavailable) {
  std::ofstream(folder_->path() + "/file") << "a file";
  EXPECT_EQ(open_error(folder_->path() + "/file/data"), ErrorKind::kUnavailable);
  EXPECT_EQ(open_error("/proc/herald"), ErrorKind::kUnavailable);
}

class NewerFormat : public Durability {
 protected:
  void write_as_newer(const std::function<void(rocksdb::DB&)>& change) {
    put_many(1);
    rocksdb::Options options;
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, folder_->path(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder_->path(), families, &handles, &db).ok());
    change(*db);
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
};

TEST_F(NewerFormat, AGreaterVersionIsAConflict) {
  write_as_newer(
      [](rocksdb::DB& db) { EXPECT_TRUE(db.Put({}, "format", ByteWriter().number(kFormatVersion + 1).take()).ok()); });
  EXPECT_EQ(open_error(folder_->path(), "format 3"), ErrorKind::kConflict);
}

TEST_F(NewerFormat, AnUnknownColumnFamilyIsAConflict) {
  write_as_newer([](rocksdb::DB& db) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily({}, "from the future", &handle).ok());
    db.DestroyColumnFamilyHandle(handle);
  });
  EXPECT_EQ(open_error(folder_->path(), "newer"), ErrorKind::kConflict);
}

}  // namespace
}  // namespace herald::adapters
