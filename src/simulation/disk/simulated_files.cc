#include "simulation/disk/simulated_files.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "simulation/disk/simulated_env.h"

namespace herald::simulation {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// A process that was killed goes on for a moment in its destructors. It meets no fault, and changes nothing.
[[nodiscard]] bool strikes(Machine& machine, DiskFault fault) {
  return machine.attached && machine.faults.strikes(fault);
}

[[nodiscard]] IOStatus no_such_file(const std::string& path) {
  return IOStatus::PathNotFound("no such file", path);
}

// Reads for both kinds of readable files.
[[nodiscard]] IOStatus read_at(Machine& machine, const DiskFile& file, std::uint64_t offset, std::size_t size,
                               Slice* result, char* scratch) {
  *result = Slice(scratch, 0);
  if (strikes(machine, DiskFault::kReadError)) return IOStatus::IOError("simulated read error");
  if (offset >= file.bytes.size()) return IOStatus::OK();
  const auto read = std::min<std::size_t>(size, file.bytes.size() - static_cast<std::size_t>(offset));
  std::memcpy(scratch, file.bytes.data() + offset, read);
  if (read > 0 && strikes(machine, DiskFault::kCorruptRead)) {
    const auto bit = machine.faults.below(static_cast<std::uint32_t>(read * 8));
    scratch[bit / 8] = static_cast<char>(scratch[bit / 8] ^ (1 << (bit % 8)));
  }
  *result = Slice(scratch, read);
  return IOStatus::OK();
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(Machine& machine, DiskFilePtr file) : machine_(machine), file_(std::move(file)) {}
  IOStatus Read(std::size_t size, const IOOptions& /*options*/, Slice* result, char* scratch,
                IODebugContext* /*debug*/) override {
    auto status = read_at(machine_, *file_, offset_, size, result, scratch);
    if (status.ok()) offset_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t size) override {
    offset_ += size;
    return IOStatus::OK();
  }

 private:
  Machine& machine_;
  DiskFilePtr file_;
  std::uint64_t offset_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(Machine& machine, DiskFilePtr file) : machine_(machine), file_(std::move(file)) {}
  IOStatus Read(uint64_t offset, std::size_t size, const IOOptions& /*options*/, Slice* result, char* scratch,
                IODebugContext* /*debug*/) const override {
    return read_at(machine_, *file_, offset, size, result, scratch);
  }

 private:
  Machine& machine_;
  DiskFilePtr file_;
};

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  WritableFile(Machine& machine, DiskFilePtr file) : machine_(machine), file_(std::move(file)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    if (strikes(machine_, DiskFault::kFull)) return IOStatus::NoSpace("simulated full disk");
    if (strikes(machine_, DiskFault::kWriteError)) return IOStatus::IOError("simulated write error");
    if (strikes(machine_, DiskFault::kTornWrite)) {
      file_->bytes.append(data.data(), machine_.faults.below(static_cast<std::uint32_t>(data.size())));
      return IOStatus::IOError("simulated torn write");
    }
    file_->bytes.append(data.data(), data.size());
    return IOStatus::OK();
  }
  IOStatus Truncate(uint64_t size, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    if (size < file_->bytes.size()) file_->bytes.resize(static_cast<std::size_t>(size));
    file_->synced = std::min(file_->synced, file_->bytes.size());
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    machine_.faults.pass_sync();
    if (strikes(machine_, DiskFault::kSyncError)) return IOStatus::IOError("simulated sync error");
    if (strikes(machine_, DiskFault::kSyncGivesUp)) {
      Disk::give_up_unsynced(*file_);
      return IOStatus::IOError("simulated sync error");
    }
    Disk::sync(*file_);
    return IOStatus::OK();
  }
  [[nodiscard]] bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return file_->bytes.size(); }

 private:
  Machine& machine_;
  DiskFilePtr file_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(Machine& machine, std::string path) : machine_(machine), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    machine_.faults.pass_sync();
    if (strikes(machine_, DiskFault::kDirectorySync)) return IOStatus::IOError("simulated directory sync error");
    machine_.disk.sync_directory(path_);
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return IOStatus::OK(); }

 private:
  Machine& machine_;
  std::string path_;
};

class Lock final : public rocksdb::FileLock {};

// RocksDB's own log of events, whose lines hold real times and addresses.
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  [[nodiscard]] std::size_t GetLogFileSize() const override { return 0; }
};

[[nodiscard]] std::string without_last_slash(const std::string& path) {
  return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

class Files final : public rocksdb::FileSystem {
 public:
  explicit Files(Machine& machine) : machine_(machine) {}
  [[nodiscard]] const char* Name() const override { return "SimulatedFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions& /*options*/,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* /*debug*/) override {
    return open<SequentialFile>(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& /*options*/,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext* /*debug*/) override {
    return open<RandomAccessFile>(path, result);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& /*options*/,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) {
      *result = std::make_unique<WritableFile>(machine_, std::make_shared<DiskFile>());
      return IOStatus::OK();
    }
    // RocksDB copes without its OPTIONS files, nothing here reads them, and writing one takes half the time of an open.
    if (path.find("/OPTIONS-") != std::string::npos) return IOStatus::NotSupported("no OPTIONS files");
    if (strikes(machine_, DiskFault::kFull)) return IOStatus::NoSpace("simulated full disk");
    if (strikes(machine_, DiskFault::kOpenError)) return IOStatus::IOError("simulated open error");
    *result = std::make_unique<WritableFile>(machine_, machine_.disk.create(path));
    return IOStatus::OK();
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    if (!machine_.disk.find(path)) return NewWritableFile(path, options, result, debug);
    return open<WritableFile>(path, result);
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& /*options*/,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* /*debug*/) override {
    if (strikes(machine_, DiskFault::kOpenError)) return IOStatus::IOError("simulated open error");
    *result = std::make_unique<Directory>(machine_, without_last_slash(path));
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    const bool exists = machine_.disk.find(path) || machine_.disk.is_directory(without_last_slash(path));
    return exists ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& path, const IOOptions& /*options*/, std::vector<std::string>* result,
                       IODebugContext* /*debug*/) override {
    if (strikes(machine_, DiskFault::kReadError)) return IOStatus::IOError("simulated read error");
    if (!machine_.disk.is_directory(without_last_slash(path))) return no_such_file(path);
    *result = machine_.disk.children(without_last_slash(path));
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    if (strikes(machine_, DiskFault::kNameError)) return IOStatus::IOError("simulated error of a name");
    return machine_.disk.remove(path) ? IOStatus::OK() : no_such_file(path);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& /*options*/,
                      IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    if (strikes(machine_, DiskFault::kNameError)) return IOStatus::IOError("simulated error of a name");
    return machine_.disk.rename(from, to) ? IOStatus::OK() : no_such_file(from);
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& /*options*/,
                    IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    auto file = machine_.disk.find(from);
    if (!file) return no_such_file(from);
    machine_.disk.link(to, std::move(file));
    return IOStatus::OK();
  }
  IOStatus Truncate(const std::string& path, std::size_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    auto file = machine_.disk.find(path);
    if (!file) return no_such_file(path);
    return WritableFile(machine_, std::move(file)).Truncate(size, options, debug);
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* debug) override {
    return CreateDirIfMissing(path, options, debug);
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& /*options*/,
                              IODebugContext* /*debug*/) override {
    if (machine_.may_change()) machine_.disk.make_directory(without_last_slash(path));
    return IOStatus::OK();
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    if (!machine_.may_change()) return IOStatus::OK();
    return machine_.disk.remove_directory(without_last_slash(path)) ? IOStatus::OK() : no_such_file(path);
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions& /*options*/, uint64_t* size,
                       IODebugContext* /*debug*/) override {
    const auto file = machine_.disk.find(path);
    if (!file) return no_such_file(path);
    *size = file->bytes.size();
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string& /*path*/, const IOOptions& /*options*/, uint64_t* time,
                                   IODebugContext* /*debug*/) override {
    *time = 0;
    return IOStatus::OK();
  }
  // There is one process, and it is dead before the next one starts.
  IOStatus LockFile(const std::string& /*path*/, const IOOptions& /*options*/, rocksdb::FileLock** lock,
                    IODebugContext* /*debug*/) override {
    *lock = new Lock;
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions& /*options*/, std::string* path, IODebugContext* /*debug*/) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string& /*path*/, const IOOptions& /*options*/,
                     std::shared_ptr<rocksdb::Logger>* result, IODebugContext* /*debug*/) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions& /*options*/, std::string* result,
                           IODebugContext* /*debug*/) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions& /*options*/, bool* is_directory,
                       IODebugContext* /*debug*/) override {
    *is_directory = machine_.disk.is_directory(without_last_slash(path));
    return IOStatus::OK();
  }

 private:
  template <class File, class Result>
  [[nodiscard]] IOStatus open(const std::string& path, std::unique_ptr<Result>* result) {
    if (strikes(machine_, DiskFault::kOpenError)) return IOStatus::IOError("simulated open error");
    auto file = machine_.disk.find(path);
    if (!file) return no_such_file(path);
    *result = std::make_unique<File>(machine_, std::move(file));
    return IOStatus::OK();
  }

  Machine& machine_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> simulated_files(Machine& machine) {
  return std::make_shared<Files>(machine);
}

}  // namespace herald::simulation
