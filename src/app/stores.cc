#include "app/stores.h"

#include <filesystem>

#include "adapters/in_memory/in_memory_store.h"
#include "adapters/mongodb/mongodb_store.h"
#include "adapters/rocksdb/rocksdb_store.h"
#include "app/data_folder.h"
#include "app/files.h"

namespace herald::app {

namespace {

template <class Adapter>
class StoresOf final : public Stores {
 public:
  StoresOf(std::unique_ptr<DataFolder> folder, std::unique_ptr<Adapter> adapter)
      : folder_(std::move(folder)), adapter_(std::move(adapter)) {}
  ports::MessageStore& messages() override { return *adapter_; }
  ports::DeliveryStore& deliveries() override { return *adapter_; }
  ports::Directory& directory() override { return *adapter_; }
  ports::ReceiptLog& receipts() override { return *adapter_; }
  ports::ServerRegistry& servers() override { return *adapter_; }
  Executor* executor() override {
    if constexpr (requires { adapter_->executor(); }) return &adapter_->executor();
    return nullptr;
  }
  Result<std::string> note(std::string_view name) override {
    if constexpr (requires { adapter_->note(name); }) return adapter_->note(name);
    return std::string();
  }
  Status set_note(std::string_view name, std::string_view value) override {
    if constexpr (requires { adapter_->set_note(name, value); }) return adapter_->set_note(name, value);
    return {};
  }
  Result<bool> has_devices() override {
    if constexpr (requires { adapter_->has_devices(); }) return adapter_->has_devices();
    return false;
  }
  StoreCondition condition() const override {
    if constexpr (requires { adapter_->condition(); }) {
      const auto condition = adapter_->condition();
      return {.writable = condition.writable, .unreadable_rows = condition.unreadable_rows};
    }
    return {};
  }
  void stop_tasks() override {
    if constexpr (requires { adapter_->stop_tasks(); }) adapter_->stop_tasks();
  }

 private:
  std::unique_ptr<DataFolder> folder_;  // given back after the database is closed
  std::unique_ptr<Adapter> adapter_;
};

// A folder that an earlier version made under a usual umask. What is made now is private by the process's umask.
void keep_private(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
}

using Opened = std::expected<std::unique_ptr<Stores>, Failure>;

Opened open_rocksdb(const Configuration& configuration, const Clock& clock, Log& log, Metrics& metrics) {
  auto folder = DataFolder::open(configuration.data);
  if (!folder) return std::unexpected(folder.error());
  const std::string path = configuration.data + "/database";
  keep_private(path);
  auto store =
      adapters::RocksdbStore::open({.folder = path, .accept_loss = configuration.missing_data == MissingData::kAccept},
                                   configuration.limits, clock, log, metrics);
  if (store) return std::make_unique<StoresOf<adapters::RocksdbStore>>(std::move(*folder), std::move(*store));
  const Error& error = store.error();
  if (error.kind == ErrorKind::kUnavailable) {
    return std::unexpected(Failure{ExitCode::kDataUnusable, "database " + path + " can't be used: " + error.message});
  }
  // The folder's lock is ours, so a conflict can only be the format.
  return std::unexpected(Failure{
      ExitCode::kDataDamaged, "database " + path + " can't be opened: " + error.message +
                                  "; use the herald that wrote it, restore a backup, choose another folder with "
                                  "--data, or, if its write-ahead log is lost, start once with --missing-data accept"});
}

ExitCode exit_code_of(ErrorKind kind) {
  if (kind == ErrorKind::kInvalid) return ExitCode::kUsage;
  if (kind == ErrorKind::kConflict || kind == ErrorKind::kCorrupt) return ExitCode::kDataDamaged;
  return ExitCode::kDataUnusable;
}

std::string advice(ErrorKind kind) {
  if (kind == ErrorKind::kUnauthorized) return "; check user, password and authSource in the connection string";
  if (kind == ErrorKind::kConflict) return "; use the herald that wrote it, or another database (mongodb_database)";
  if (kind == ErrorKind::kUnavailable) return "; is it running, and are its hosts right in the connection string?";
  return "";
}

// The folder holds the token keys if no other file does. It is not locked: the database is what processes share.
Opened open_mongodb(const Configuration& configuration, const Clock& clock, Log& log, Metrics& metrics) {
  if (auto made = make_data_folder(configuration.data); !made) return std::unexpected(made.error());
  const auto uri = mongodb_uri(configuration);
  if (!uri) return std::unexpected(Failure{ExitCode::kUsage, "mongodb_uri_file: " + uri.error().message});
  auto store = adapters::MongodbStore::open({.uri = *uri, .database = configuration.mongodb_database},
                                            configuration.limits, clock, log, metrics);
  if (store) return std::make_unique<StoresOf<adapters::MongodbStore>>(nullptr, std::move(*store));
  const Error& error = store.error();
  return std::unexpected(
      Failure{exit_code_of(error.kind), "database can't be used: " + error.message + advice(error.kind)});
}

}  // namespace

Result<std::string> mongodb_uri(const Configuration& configuration) {
  if (configuration.mongodb_uri_file.empty()) return configuration.mongodb_uri.value;
  auto text = read_file(configuration.mongodb_uri_file);
  if (!text) return text;
  const std::size_t last = text->find_last_not_of(" \t\r\n");
  if (last == std::string::npos) return fail(ErrorKind::kInvalid, configuration.mongodb_uri_file + " is empty");
  text->resize(last + 1);
  return text;
}

std::string where_stored(const Configuration& configuration) {
  if (configuration.store == StoreKind::kMemory) return "in memory";
  if (configuration.store == StoreKind::kRocksDb) return configuration.data;
  const auto uri = mongodb_uri(configuration);
  return "in database " + configuration.mongodb_database + " at " + adapters::servers_of(uri.value_or(""));
}

Opened Stores::open(const Configuration& configuration, const Clock& clock, Log& log, Metrics& metrics) {
  if (configuration.store == StoreKind::kRocksDb) return open_rocksdb(configuration, clock, log, metrics);
  if (configuration.store == StoreKind::kMongodb) return open_mongodb(configuration, clock, log, metrics);
  return std::make_unique<StoresOf<adapters::InMemoryStore>>(
      nullptr, std::make_unique<adapters::InMemoryStore>(configuration.limits, clock));
}

}  // namespace herald::app
