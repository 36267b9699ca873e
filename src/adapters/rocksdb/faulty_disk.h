#pragma once
// For this folder's tests: a disk that stops taking writes.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace herald::adapters {

// Appends and syncs work until `left` is used up, then fail as a full disk does.
class Faults {
 public:
  void fail_after(std::int64_t steps) { left_ = steps; }
  // Syncs fail, as if the power went: what was appended may reach the disk or not.
  void fail_syncs() { no_syncs_ = true; }
  void mend() {
    left_ = kMended;
    no_syncs_ = false;
  }
  [[nodiscard]] rocksdb::IOStatus step() {
    auto left = left_.load();
    while (left > 0 && !left_.compare_exchange_weak(left, left - 1)) {
    }
    return left == 0 ? rocksdb::IOStatus::NoSpace("injected") : rocksdb::IOStatus::OK();
  }
  // Another kind of failure, that RocksDB thinks worse of.
  std::atomic<bool> as_io_error{false};
  [[nodiscard]] rocksdb::IOStatus next() {
    auto status = step();
    return status.ok() || !as_io_error ? status : rocksdb::IOStatus::IOError("injected");
  }
  [[nodiscard]] rocksdb::IOStatus next_sync() {
    ++syncs_;
    return no_syncs_ ? rocksdb::IOStatus::IOError("injected") : next();
  }
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

 private:
  static constexpr std::int64_t kMended = -1;
  std::atomic<std::int64_t> left_{kMended};
  std::atomic<bool> no_syncs_{false};
  std::atomic<std::uint64_t> syncs_{0};
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, Faults& faults)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

  using rocksdb::FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (auto status = faults_.next(); !status.ok()) {
      // Half of it reaches the disk, as it may.
      static_cast<void>(target()->Append({data.data(), data.size() / 2}, options, context));
      return status;
    }
    return target()->Append(data, options, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    if (auto status = faults_.next_sync(); !status.ok()) return status;
    return target()->Sync(options, context);
  }

 private:
  Faults& faults_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base, Faults& faults)
      : rocksdb::FileSystemWrapper(base), faults_(faults) {}
  const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (auto status = faults_.next(); !status.ok()) return status;
    auto status = target()->NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<FaultyFile>(std::move(*file), faults_);
    return status;
  }

 private:
  Faults& faults_;
};

// The operating system's files with these faults, which must outlive it.
[[nodiscard]] inline std::unique_ptr<rocksdb::Env> faulty_env(Faults& faults) {
  return rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(rocksdb::Env::Default()->GetFileSystem(), faults));
}

}  // namespace herald::adapters
