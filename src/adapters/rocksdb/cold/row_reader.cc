#include "adapters/rocksdb/cold/row_reader.h"

namespace herald::adapters {

rocksdb::ReadOptions RowReader::options() const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  return options;
}

Result<std::optional<std::string>> RowReader::get(Family family, std::string_view key) const {
  std::string value;
  const auto status = database_.db()->Get(options(), database_.family(family), {key.data(), key.size()}, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(to_error(status));
  return value;
}

Result<std::vector<std::optional<std::string>>> RowReader::get_all(Family family,
                                                                   const std::vector<std::string>& keys) const {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database_.db()->MultiGet(options(), database_.family(family), keys.size(), slices.data(), values.data(),
                           statuses.data());
  std::vector<std::optional<std::string>> rows(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      rows[i] = values[i].ToString();
    } else if (!statuses[i].IsNotFound()) {
      return std::unexpected(to_error(statuses[i]));
    }
  }
  return rows;
}

Status RowReader::iterate(Family family, std::string_view prefix,
                          const std::function<Status(rocksdb::Iterator& rows)>& use) const {
  const std::string end = end_of_prefix(prefix);
  const rocksdb::Slice bound(end);
  auto bounded = options();
  if (!end.empty()) bounded.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> it(database_.db()->NewIterator(bounded, database_.family(family)));
  if (auto used = use(*it); !used) return used;
  if (!it->status().ok()) return std::unexpected(to_error(it->status()));
  return {};
}

Status RowReader::scan(Family family, std::string_view prefix, std::string_view from, const Visit& visit) const {
  return iterate(family, prefix, [&](rocksdb::Iterator& rows) -> Status {
    for (rows.Seek({from.data(), from.size()}); rows.Valid(); rows.Next()) {
      if (!rows.key().starts_with({prefix.data(), prefix.size()})) break;
      const auto go_on = visit(rows.key().ToStringView(), rows.value().ToStringView());
      if (!go_on) return std::unexpected(go_on.error());
      if (!*go_on) break;
    }
    return {};
  });
}

Status RowReader::leap(Family family, std::string_view prefix, const Leap& visit) const {
  return iterate(family, prefix, [&](rocksdb::Iterator& rows) -> Status {
    rows.Seek({prefix.data(), prefix.size()});
    while (rows.Valid() && rows.key().starts_with({prefix.data(), prefix.size()})) {
      const auto next = visit(rows.key().ToStringView(), rows.value().ToStringView());
      if (!next) return std::unexpected(next.error());
      if (next->empty()) {
        rows.Next();
      } else {
        rows.Seek(*next);
      }
    }
    return {};
  });
}

}  // namespace herald::adapters
