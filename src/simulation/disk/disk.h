#pragma once
// A disk in memory that remembers what was synced. It follows POSIX: bytes are durable after a sync of their file, a
// name after a sync of its directory; a rename is one step.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulation/choices.h"

namespace herald::simulation {

// The bytes of a file. A file is only ever appended to or cut.
struct DiskFile {
  std::string bytes;
  std::size_t synced = 0;  // durable bytes, from the front
  // Written, but given up by the kernel after a failed sync: a later sync succeeds and does not write them
  // (https://lwn.net/Articles/752063/). From, to; ascending.
  std::vector<std::pair<std::size_t, std::size_t>> given_up;
};
using DiskFilePtr = std::shared_ptr<DiskFile>;

class Disk {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  // What running programs see. Null: there is no such file.
  [[nodiscard]] DiskFilePtr find(const std::string& path) const;
  [[nodiscard]] bool is_directory(const std::string& path) const { return directories_.contains(path); }
  // The names in a directory, in ascending order.
  [[nodiscard]] std::vector<std::string> children(const std::string& directory) const;
  [[nodiscard]] std::size_t bytes_used() const;
  [[nodiscard]] std::vector<std::string> files() const;

  // Makes an empty file in the place of whatever had the name.
  DiskFilePtr create(const std::string& path);
  void link(const std::string& path, DiskFilePtr file);
  // False: there is no such file.
  bool remove(const std::string& path);
  bool rename(const std::string& from, const std::string& to);
  // Directories are durable at once; nothing here depends on their loss.
  void make_directory(const std::string& path) { directories_.insert(path); }
  bool remove_directory(const std::string& path) { return directories_.erase(path) > 0; }

  static void sync(DiskFile& file);
  // A sync that failed: the kernel gives up what it could not write.
  static void give_up_unsynced(DiskFile& file);
  // Makes the names of a directory durable.
  void sync_directory(const std::string& directory);

  // The power fails. What was synced stays. Of the rest, `choices` decides: of each file's bytes none, some pages or
  // all; of the changes of names the first few, in their order.
  void cut_power(Choices& choices);

  // An independent copy; everything in it is durable.
  [[nodiscard]] Disk copy() const;

 private:
  struct NameChange {
    std::string removed;  // empty: none
    std::string added;    // empty: none
    DiskFilePtr file;
  };
  using Names = std::map<std::string, DiskFilePtr, std::less<>>;

  static void apply(const NameChange& change, Names& names);
  void change(NameChange change);
  static void tear(DiskFile& file, Choices& choices);

  std::set<std::string, std::less<>> directories_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_changes_;
};

// The part of `path` before the last slash.
[[nodiscard]] std::string directory_of(std::string_view path);

}  // namespace herald::simulation
