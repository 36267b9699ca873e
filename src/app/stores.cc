#include "app/stores.h"

#include "adapters/in_memory/in_memory_store.h"
#include "adapters/rocksdb/rocksdb_store.h"
#include "app/data_folder.h"

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

 private:
  std::unique_ptr<DataFolder> folder_;  // given back after the database is closed
  std::unique_ptr<Adapter> adapter_;
};

using Opened = std::expected<std::unique_ptr<Stores>, Failure>;

Opened open_rocksdb(const Configuration& configuration, const Clock& clock, Log& log, Metrics& metrics) {
  auto folder = DataFolder::open(configuration.data);
  if (!folder) return std::unexpected(folder.error());
  const std::string path = configuration.data + "/database";
  auto store = adapters::RocksdbStore::open({.folder = path}, configuration.limits, clock, log, metrics);
  if (store) return std::make_unique<StoresOf<adapters::RocksdbStore>>(std::move(*folder), std::move(*store));
  const Error& error = store.error();
  if (error.kind == ErrorKind::kUnavailable) {
    return std::unexpected(Failure{ExitCode::kDataUnusable, "database " + path + " can't be used: " + error.message});
  }
  // The folder's lock is ours, so a conflict can only be the format.
  return std::unexpected(
      Failure{ExitCode::kDataDamaged, "database " + path + " can't be opened: " + error.message +
                                          "; use the herald that wrote it, restore a backup, or choose another folder "
                                          "with --data"});
}

}  // namespace

Opened Stores::open(const Configuration& configuration, const Clock& clock, Log& log, Metrics& metrics) {
  if (configuration.store == StoreKind::kRocksDb) return open_rocksdb(configuration, clock, log, metrics);
  return std::make_unique<StoresOf<adapters::InMemoryStore>>(
      nullptr, std::make_unique<adapters::InMemoryStore>(configuration.limits, clock));
}

}  // namespace herald::app
