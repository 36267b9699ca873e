#pragma once
// For this folder's tests: a folder of its own for each database, and a store that is open in it.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "adapters/rocksdb/rocksdb_store.h"
#include "base/check.h"
#include "ports/contract/store_fixture.h"

namespace herald::adapters {

// Removed with everything in it when the object goes.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where that is possible: a database syncs many times while it is made.
    const bool has_memory = access("/dev/shm", W_OK) == 0;
    const auto parent = has_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    std::string name = parent / "herald-store-XXXXXX";
    HERALD_CHECK(mkdtemp(name.data()) != nullptr, "no temporary folder");
    path_ = name;
  }
  // A folder that another object owns.
  explicit TemporaryFolder(std::string path) : path_(std::move(path)), owned_(false) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    if (owned_) std::filesystem::remove_all(path_, error);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool owned_ = true;
};

class OpenStore final : public ports::contract::StoreUnderTest {
 public:
  OpenStore(std::shared_ptr<TemporaryFolder> folder, const Limits& limits, const Clock& clock,
            rocksdb::Env* env = nullptr)
      : folder_(std::move(folder)) {
    auto opened = RocksdbStore::open({.folder = folder_->path(), .env = env}, limits, clock, log_, metrics_);
    HERALD_CHECK(opened.has_value(), opened.has_value() ? "" : opened.error().message.c_str());
    store_ = std::move(*opened);
  }
  ports::MessageStore& messages() override { return *store_; }
  ports::DeliveryStore& deliveries() override { return *store_; }
  ports::Directory& directory() override { return *store_; }
  ports::ReceiptLog& receipts() override { return *store_; }
  ports::ServerRegistry& servers() override { return *store_; }
  [[nodiscard]] bool is_shared() const override { return false; }
  [[nodiscard]] StoreCondition condition() const { return store_->condition(); }

 private:
  std::shared_ptr<TemporaryFolder> folder_;
  NullLog log_;
  NullMetrics metrics_;
  std::unique_ptr<RocksdbStore> store_;
};

}  // namespace herald::adapters
