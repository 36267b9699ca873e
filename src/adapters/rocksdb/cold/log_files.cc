#include "adapters/rocksdb/cold/log_files.h"

#include <algorithm>
#include <functional>
#include <memory>

namespace herald::adapters {

namespace {

// The bytes of the file from `from` to `to`.
[[nodiscard]] Status read_blocks(rocksdb::Env& env, const LogFile& file, std::uint64_t from, std::uint64_t to,
                                 const std::function<Status(std::string_view block)>& use) {
  std::unique_ptr<rocksdb::SequentialFile> in;
  auto status = env.NewSequentialFile(file.path, &in, rocksdb::EnvOptions());
  if (status.ok() && from > 0) status = in->Skip(from);
  std::string space(kLogBlockBytes, '\0');
  while (status.ok() && from < to) {
    rocksdb::Slice block;
    status = in->Read(std::min<std::uint64_t>(space.size(), to - from), &block, space.data());
    if (!status.ok() || block.empty()) break;
    if (auto used = use(block.ToStringView()); !used) return used;
    from += block.size();
  }
  if (!status.ok()) return file_failed(file.path, status);
  return {};
}

[[nodiscard]] Status copy_part(rocksdb::Env& env, const LogFile& file, std::uint64_t from, std::uint64_t to,
                               const std::string& name) {
  std::unique_ptr<rocksdb::WritableFile> out;
  auto status = env.NewWritableFile(name, &out, rocksdb::EnvOptions());
  if (!status.ok()) return file_failed(name, status);
  const auto copied = read_blocks(env, file, from, to, [&](std::string_view block) -> Status {
    const auto appended = out->Append(rocksdb::Slice(block.data(), block.size()));
    return appended.ok() ? Status{} : file_failed(name, appended);
  });
  if (!copied) return copied;
  status = out->Sync();
  if (status.ok()) status = out->Close();
  return status.ok() ? Status{} : file_failed(name, status);
}

}  // namespace

std::unexpected<Error> file_failed(const std::string& path, const rocksdb::Status& status) {
  return fail(ErrorKind::kUnavailable, path + " cannot be checked: " + status.ToString());
}

Result<LogScan> scan_log_file(rocksdb::Env& env, const LogFile& file) {
  LogScan scan;
  const auto read = read_blocks(env, file, 0, file.bytes, [&scan](std::string_view block) {
    scan.add_block(block);
    return Status{};
  });
  if (!read) return std::unexpected(read.error());
  scan.finish();
  return scan;
}

Status shorten_log_file(rocksdb::Env& env, const LogFile& file, std::uint64_t at) {
  std::unique_ptr<rocksdb::WritableFile> out;
  auto status = env.ReopenWritableFile(file.path, &out, rocksdb::EnvOptions());
  if (status.ok()) status = out->Truncate(at);
  if (status.ok()) status = out->Sync();
  if (status.ok()) status = out->Close();
  return status.ok() ? Status{} : file_failed(file.path, status);
}

Status cut_log_file(rocksdb::Env& env, Log& log, const LogFile& file, std::uint64_t at) {
  const std::string kept = file.path + ".cut-at-" + std::to_string(at);
  if (auto copied = copy_part(env, file, at, file.bytes, kept); !copied) return copied;
  if (auto done = shorten_log_file(env, file, at); !done) return done;
  log.warning("store log cut", {{"file", std::string_view(file.path)},
                                {"at_bytes", static_cast<std::int64_t>(at)},
                                {"cut_bytes", static_cast<std::int64_t>(file.bytes - at)},
                                {"kept_in", std::string_view(kept)}});
  return {};
}

}  // namespace herald::adapters
