#pragma once
// One commit: everything that is changed and not yet in the database, as one write batch. Used by the committing thread
// only. Private to the adapter.
//
//   begin()            opens the scope of the synced operations, which see the index of what had ended before
//   write(sync)        adds the rows that a commit makes (spilled messages, ended ones, the floor, its number), writes.
//                      A commit that is to be synced and has no rows is written all the same if one before it was not
//                      synced: what a synced operation answers may rest on it
//   then, if that failed, the scope is rolled back, and what was answered before begin() stays. But the commit is in
//                      doubt: the log may have its rows all the same. No other begins until
//   resolve()          has read the commit number from the reopened database. If it has the rows, memory adopts them:
//                      the rows of what was answered before begin() are in the database with them, what was read since
//                      is forgotten, and what the commit did to messages in flight is done again.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rocksdb/engine/spill.h"
#include "adapters/rocksdb/engine/transaction.h"

namespace herald::adapters {

class Commit {
 public:
  // `unsynced_max_bytes`: the limit commit_unsynced_max_bytes.
  Commit(Transaction& txn, Database& database, std::size_t unsynced_max_bytes)
      : txn_(txn), database_(database), unsynced_max_bytes_(unsynced_max_bytes) {}

  // Reads what the database holds of the last commit. Once, before the first begin().
  [[nodiscard]] Status start();

  void begin();
  // `spill_all`: messages in flight leave memory however young.
  [[nodiscard]] Status write(bool sync, bool spill_all);
  [[nodiscard]] bool is_in_doubt() const { return in_doubt_; }
  // Does nothing as long as no commit is in doubt, or the database was not opened again since. kUnavailable: it cannot
  // be read yet; then nothing else may be read from it either, since it may show what memory took back.
  [[nodiscard]] Status resolve();

 private:
  // What the commit in doubt did to messages, and which it spilled.
  struct Doubt {
    std::vector<MessagePtr> accepted;
    struct Ended {
      MessageId id;
      DeliveryState end;
      WallTime at;
    };
    std::vector<Ended> ended;
    std::vector<State::Drop> drops;  // of deliveries in flight
    std::vector<SpillStep> spill;
  };

  // A commit that was written and not synced. When a sync fails, the kernel may drop what the process had written
  // before, so it is kept until a sync succeeds.
  struct Unsynced {
    std::uint64_t number;
    std::string bytes;
  };

  [[nodiscard]] Result<std::uint64_t> stored_number();
  void note_written(bool sync);
  // Writes again what the reopened database, which has the commits up to `stored`, has lost.
  [[nodiscard]] Status restore(std::uint64_t stored);
  void take_back();
  [[nodiscard]] Status adopt();
  void adopt_drops();
  void adopt_ended();
  void adopt_spill();
  // The index of ends, for the messages from place `first` on among those that have ended since the last commit.
  void write_ended(std::size_t first);
  void write_floor();
  void finish();

  Transaction& txn_;
  Database& database_;
  const std::size_t unsynced_max_bytes_;
  std::uint64_t number_ = 0;  // of the last commit that was written, or is in doubt
  bool in_doubt_ = false;
  std::uint64_t opens_ = 0;  // of the database, when the doubt began
  Transaction::Mark mark_;
  std::vector<SpillStep> spill_;
  Doubt doubt_;
  std::vector<Unsynced> unsynced_;
  std::size_t unsynced_bytes_ = 0;
  std::optional<MonoTime> floor_written_;
};

}  // namespace herald::adapters
