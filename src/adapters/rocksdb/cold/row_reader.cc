#include "adapters/rocksdb/cold/row_reader.h"

#include "adapters/rocksdb/cold/database_options.h"

namespace herald::adapters {

rocksdb::ReadOptions RowReader::options() const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  return options;
}

Result<std::optional<std::string>> RowReader::get(Family family, std::string_view key) const {
  std::string value;
  auto* const handle = database_.family(family);
  const rocksdb::Slice wanted(key.data(), key.size());
  const auto status = over_ != nullptr ? over_->GetFromBatchAndDB(database_.db(), options(), handle, wanted, &value)
                                       : database_.db()->Get(options(), handle, wanted, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(to_error(status));
  return value;
}

Result<std::vector<std::optional<std::string>>> RowReader::get_all(Family family,
                                                                   const std::vector<std::string>& keys) const {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  auto* const handle = database_.family(family);
  if (over_ != nullptr) {
    over_->MultiGetFromBatchAndDB(database_.db(), options(), handle, keys.size(), slices.data(), values.data(),
                                  statuses.data(), false);
  } else {
    database_.db()->MultiGet(options(), handle, keys.size(), slices.data(), values.data(), statuses.data());
  }
  std::vector<std::optional<std::string>> rows(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      rows[i] = values[i].ToString();
    } else if (statuses[i].IsCorruption()) {
      skip(family, keys[i], statuses[i].ToString());
    } else if (!statuses[i].IsNotFound()) {
      return std::unexpected(to_error(statuses[i]));
    }
  }
  return rows;
}

void RowReader::skip(Family family, std::string_view key, std::string_view why) const {
  database_.health().skipped(family_name(family), key, why);
}

Status RowReader::iterate(Family family, std::string_view prefix,
                          const std::function<Status(RowCursor& rows)>& use) const {
  const std::string end = end_of_prefix(prefix);
  const rocksdb::Slice bound(end);
  auto bounded = options();
  if (!end.empty()) bounded.iterate_upper_bound = &bound;
  const auto open = [&] {
    auto* const handle = database_.family(family);
    auto* const rows = database_.db()->NewIterator(bounded, handle);
    return std::unique_ptr<rocksdb::Iterator>(over_ != nullptr ? over_->NewIteratorWithBase(handle, rows) : rows);
  };
  RowCursor rows(open, family, prefix, database_.health());
  if (auto used = use(rows); !used) return used;
  return rows.status();
}

Status RowReader::scan(Family family, std::string_view prefix, std::string_view from, const Visit& visit) const {
  return iterate(family, prefix, [&](RowCursor& rows) -> Status {
    for (rows.seek(from); rows.valid(); rows.next()) {
      const auto go_on = visit(rows.key(), rows.value());
      if (!go_on) return std::unexpected(go_on.error());
      if (!*go_on) break;
    }
    return {};
  });
}

Status RowReader::leap(Family family, std::string_view prefix, const Leap& visit) const {
  return iterate(family, prefix, [&](RowCursor& rows) -> Status {
    rows.seek(prefix);
    while (rows.valid()) {
      const auto next = visit(rows.key(), rows.value());
      if (!next) return std::unexpected(next.error());
      if (next->empty()) {
        rows.next();
      } else {
        rows.seek(*next);
      }
    }
    return {};
  });
}

}  // namespace herald::adapters
