#include "simulation/disk/disk.h"

#include <algorithm>

namespace herald::simulation {

std::string directory_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

DiskFilePtr Disk::find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

std::vector<std::string> Disk::children(const std::string& directory) const {
  std::vector<std::string> found;
  const std::string prefix = directory + "/";
  for (auto it = names_.lower_bound(prefix); it != names_.end() && it->first.starts_with(prefix); ++it) {
    if (it->first.find('/', prefix.size()) == std::string::npos) found.push_back(it->first.substr(prefix.size()));
  }
  return found;
}

std::vector<std::string> Disk::files() const {
  std::vector<std::string> found;
  for (const auto& [path, file] : names_) found.push_back(path);
  return found;
}

std::size_t Disk::bytes_used() const {
  std::size_t bytes = 0;
  for (const auto& [path, file] : names_) bytes += file->bytes.size();
  return bytes;
}

void Disk::apply(const NameChange& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.file;
}

void Disk::change(NameChange change) {
  apply(change, names_);
  unsynced_changes_.push_back(std::move(change));
}

DiskFilePtr Disk::create(const std::string& path) {
  auto file = std::make_shared<DiskFile>();
  link(path, file);
  return file;
}

void Disk::link(const std::string& path, DiskFilePtr file) {
  change({.removed = "", .added = path, .file = std::move(file)});
}

bool Disk::remove(const std::string& path) {
  if (!names_.contains(path)) return false;
  change({.removed = path, .added = "", .file = nullptr});
  return true;
}

bool Disk::rename(const std::string& from, const std::string& to) {
  auto file = find(from);
  if (!file) return false;
  change({.removed = from, .added = to, .file = std::move(file)});
  return true;
}

void Disk::sync(DiskFile& file) {
  file.synced = file.bytes.size();
}

void Disk::give_up_unsynced(DiskFile& file) {
  if (file.synced < file.bytes.size()) file.given_up.emplace_back(file.synced, file.bytes.size());
}

void Disk::sync_directory(const std::string& directory) {
  std::erase_if(unsynced_changes_, [&](const NameChange& change) {
    const auto& path = change.added.empty() ? change.removed : change.added;
    if (directory_of(path) != directory) return false;
    apply(change, durable_names_);
    return true;
  });
}

// Tame to wild: all of the tail stays, none of it, whole pages from its front, pages from anywhere in it.
void Disk::tear(DiskFile& file, Choices& choices) {
  for (const auto& [from, to] : file.given_up) {
    if (from >= file.bytes.size()) continue;
    std::fill(file.bytes.begin() + static_cast<std::ptrdiff_t>(from),
              file.bytes.begin() + static_cast<std::ptrdiff_t>(std::min(to, file.bytes.size())), '\0');
  }
  file.given_up.clear();
  if (file.synced >= file.bytes.size()) return;
  const std::size_t tail = file.bytes.size() - file.synced;
  switch (choices.below(4)) {
    case 0:
      break;
    case 1:
      file.bytes.resize(file.synced);
      break;
    case 2:
      file.bytes.resize(file.synced + choices.below(static_cast<std::uint32_t>(tail)));
      break;
    default:
      for (std::size_t page = file.synced / kPageBytes; page * kPageBytes < file.bytes.size(); ++page) {
        if (!choices.chance(500)) continue;
        const auto from = std::max(page * kPageBytes, file.synced);
        const auto to = std::min((page + 1) * kPageBytes, file.bytes.size());
        std::fill(file.bytes.begin() + static_cast<std::ptrdiff_t>(from),
                  file.bytes.begin() + static_cast<std::ptrdiff_t>(to), '\0');
      }
  }
  file.synced = file.bytes.size();
}

void Disk::cut_power(Choices& choices) {
  const auto count = static_cast<std::uint32_t>(unsynced_changes_.size());
  // 0: all of them reached the disk.
  const auto kept = count - choices.below(count + 1);
  for (std::uint32_t i = 0; i < kept; ++i) apply(unsynced_changes_[i], durable_names_);
  unsynced_changes_.clear();
  names_ = durable_names_;
  for (auto& [path, file] : names_) tear(*file, choices);
}

Disk Disk::copy() const {
  Disk copy;
  copy.directories_ = directories_;
  for (const auto& [path, file] : names_) {
    auto twin = std::make_shared<DiskFile>();
    twin->bytes = file->bytes;
    twin->synced = file->bytes.size();
    copy.names_.emplace(path, std::move(twin));
  }
  copy.durable_names_ = copy.names_;
  return copy;
}

}  // namespace herald::simulation
