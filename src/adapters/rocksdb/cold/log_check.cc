#include "adapters/rocksdb/cold/log_check.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "adapters/rocksdb/cold/log_files.h"

namespace herald::adapters {

namespace {

// The first place that is broken, and what lies behind it.
struct Break {
  std::size_t file = 0;  // of the list
  std::uint64_t at = 0;
  bool is_cut_short = false;
  bool untagged_behind = false;
  LogPosition synced{};
  friend bool operator==(const Break&, const Break&) = default;
};

[[nodiscard]] std::unexpected<Error> damaged(const LogFile& file, const std::string& how) {
  return fail(ErrorKind::kCorrupt, "the database is damaged: write-ahead log " + file.path + " " + how +
                                       ", where acknowledged changes were");
}

[[nodiscard]] std::string name_of(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + ".log";
}

// In the order in which they were written.
[[nodiscard]] Result<std::vector<LogFile>> list_files(const LogCheck& check) {
  std::vector<std::string> names;
  const auto listed = check.env.GetChildren(check.folder, &names);
  if (!listed.ok()) return file_failed(check.folder, listed);
  std::vector<LogFile> files;
  for (const auto& name : names) {
    LogFile file{.path = check.folder + "/" + name};
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file.number);
    if (error != std::errc() || std::string_view(end, name.data() + name.size()) != ".log") continue;
    const auto sized = check.env.GetFileSize(file.path, &file.bytes);
    if (!sized.ok()) return file_failed(file.path, sized);
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, {}, &LogFile::number);
  return files;
}

[[nodiscard]] Result<std::optional<Break>> find_break(const LogCheck& check, const std::vector<LogFile>& files) {
  std::optional<Break> found;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto scan = scan_log_file(check.env, files[i]);
    if (!scan) return std::unexpected(scan.error());
    if (!found) {
      if (!scan->broken_at()) continue;
      // A file that an earlier start has replayed, torn end included, and that was not removed yet.
      const bool is_last = i + 1 == files.size();
      if (!is_last) {
        const auto obsolete = check.is_obsolete(files[i].number);
        if (!obsolete) return std::unexpected(obsolete.error());
        if (*obsolete) continue;
      }
      found = Break{.file = i, .at = *scan->broken_at(), .is_cut_short = scan->is_cut_short()};
    }
    // All records of a later file lie behind the break, whether that file is whole or not.
    const auto& behind = i == found->file ? scan->behind_break() : scan->of_all();
    found->synced = std::max(found->synced, behind.synced);
    found->untagged_behind = found->untagged_behind || behind.has_untagged;
  }
  return found;
}

[[nodiscard]] Status cut_from(const LogCheck& check, const std::vector<LogFile>& files, const Break& broken) {
  // Half a record at the end is what a kill leaves: nothing worth keeping.
  const bool is_last = broken.file + 1 == files.size();
  if (is_last && broken.is_cut_short) return shorten_log_file(check.env, files[broken.file], broken.at);
  for (std::size_t i = broken.file; i < files.size(); ++i) {
    const std::uint64_t at = i == broken.file ? broken.at : 0;
    if (files[i].bytes == at) continue;
    if (auto done = cut_log_file(check.env, check.log, files[i], at); !done) return done;
  }
  return {};
}

// All that was on the disk for certain still is.
[[nodiscard]] Status check_synced(const LogCheck& check, const std::vector<LogFile>& files, LogPosition synced) {
  const auto file = std::ranges::find(files, synced.file, &LogFile::number);
  if (file == files.end()) {
    const auto obsolete = check.is_obsolete(synced.file);
    if (!obsolete) return std::unexpected(obsolete.error());
    if (*obsolete) return {};
    return damaged({.path = check.folder + "/" + name_of(synced.file)}, "is missing");
  }
  if (file->bytes >= synced.bytes) return {};
  return damaged(*file, "has " + std::to_string(file->bytes) + " of at least " + std::to_string(synced.bytes) +
                            " bytes; it is cut short");
}

}  // namespace

Status check_log(const LogCheck& check) {
  const auto files = list_files(check);
  if (!files) return std::unexpected(files.error());
  const auto mark = SyncMark::read(check.env, check.folder);
  if (mark && !check.accept_loss) {
    if (auto checked = check_synced(check, *files, *mark); !checked) return checked;
  }
  auto broken = find_break(check, *files);
  if (!broken) return std::unexpected(broken.error());
  if (!*broken) return {};
  const LogFile& file = (*files)[(*broken)->file];
  const LogPosition at{.file = file.number, .bytes = (*broken)->at};
  const bool was_synced = (*broken)->synced > at || (mark && *mark > at) || (*broken)->untagged_behind;
  if (was_synced && !check.accept_loss) return damaged(file, "has a hole at byte " + std::to_string(at.bytes));
  // Nothing is cut off because of a read that went wrong once.
  const auto again = find_break(check, *files);
  if (!again) return std::unexpected(again.error());
  if (*again != *broken) return fail(ErrorKind::kUnavailable, file.path + " is read differently each time");
  return cut_from(check, *files, **broken);
}

}  // namespace herald::adapters
