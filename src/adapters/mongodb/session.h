#pragma once
// One worker's conversation with the database: the few commands Herald uses, as values. Keeps to what MongoDB 4.4 and
// later and FerretDB 1.24 both know (docs/mongodb.md lists it). Private to this folder.

#include <mongoc/mongoc.h>

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "adapters/mongodb/bson.h"
#include "adapters/mongodb/store_metrics.h"
#include "base/result.h"
#include "base/time.h"

namespace herald::adapters::mongodb {

struct Find {
  const Document& filter;
  std::vector<const char*> fields;  // besides _id; empty: all
  const Document* sort = nullptr;   // null: any order
  std::size_t limit = 0;            // 0: all
};

struct Update {
  Document filter;
  Document change;
  bool many = false;    // every document that the filter finds, else one
  bool upsert = false;  // make the document if there is none
};

struct Inserted {
  std::vector<bool> is_new;  // for each document: false if its _id was there before
  std::size_t count = 0;     // of the new ones
};

struct Updated {
  std::uint64_t matched = 0;
  std::uint64_t changed = 0;
};

// Not thread-safe: owned by one worker. Errors of every command: see errors.h. Commands of one call that is past its
// deadline fail with kUnavailable unsent.
class Session {
 public:
  // The references must outlive it. `client` is the caller's to give back.
  Session(mongoc_client_t& client, const std::string& database, const Clock& clock, StoreMetrics& metrics);

  // The commands that follow, together, may begin until `deadline`.
  void begin(MonoTime deadline) { deadline_ = deadline; }

  // True if the last command failed because its connection broke or its server is the primary no more, and the one
  // before it had not: a connection that worked, as one that the database's restart left behind in the pool. The driver
  // opens another for the next command, for which there still is time.
  [[nodiscard]] bool lost_a_good_server() const { return lost_a_good_server_ && clock_.mono() < deadline_; }

  [[nodiscard]] Result<std::vector<Document>> find(const char* collection, const Find& what);
  // The first one found, if any.
  [[nodiscard]] Result<std::optional<Document>> find_one(const char* collection, Find what);
  // Documents that exist already stay as they are: repeating it changes nothing.
  [[nodiscard]] Result<Inserted> insert(const char* collection, std::span<const Document> documents);
  // In any order. An upsert that met a document which was made at the same moment is sent once more.
  [[nodiscard]] Result<Updated> update(const char* collection, std::span<const Update> updates);
  // All documents that any of the filters finds. Answers how many there were.
  [[nodiscard]] Result<std::uint64_t> remove(const char* collection, std::span<const Document> filters);
  // Changes one document and answers it as it was before, or nothing if it was made. kConflict: an upsert found no
  // document, and twice met one of the same _id.
  [[nodiscard]] Result<std::optional<Document>> find_and_update(const char* collection, const Document& filter,
                                                                const Document& change, bool upsert);
  // Counts at most `limit` (0: all).
  [[nodiscard]] Result<std::uint64_t> count(const char* collection, const Document& filter, std::size_t limit = 0);
  // How many documents that the filter finds share each value of a text field.
  [[nodiscard]] Result<std::map<std::string, std::uint64_t, std::less<>>> count_by(const char* collection,
                                                                                   const Document& filter,
                                                                                   const std::string& field);
  // Any command, on the whole database; answers its reply.
  [[nodiscard]] Result<Document> command(const Document& command);
  // The same of one that changes something: done when the majority has it, as all writes.
  [[nodiscard]] Result<Document> write_command(const Document& command);
  // What the server that takes writes said of itself when the driver last asked it. Sends nothing if one is known.
  [[nodiscard]] Result<Document> hello();

 private:
  struct Part {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  struct DestroyCollection {
    void operator()(mongoc_collection_t* it) const { mongoc_collection_destroy(it); }
  };
  using Collection = std::unique_ptr<mongoc_collection_t, DestroyCollection>;

  [[nodiscard]] Collection open(const char* collection);
  [[nodiscard]] Status ready(const char* operation);
  // Cuts a bulk into commands that the server takes whole, and runs one after the other. Stops at the first error.
  [[nodiscard]] Status in_parts(const char* operation, std::span<const std::size_t> sizes,
                                const std::function<Status(Part)>& run);
  [[nodiscard]] Status insert_part(mongoc_collection_t& into, std::span<const Document> documents, Part part,
                                   Inserted& inserted);
  [[nodiscard]] Status update_part(mongoc_collection_t& in, std::span<const Update> updates, Part part,
                                   Updated& updated);
  // Answers the upserts that met a document which was not there to be found.
  [[nodiscard]] Result<std::vector<const Update*>> send_updates(mongoc_collection_t& in,
                                                                std::span<const Update* const> updates,
                                                                Updated& updated);
  [[nodiscard]] Result<std::optional<Document>> find_and_update_once(const char* collection, const Document& filter,
                                                                     const Document& change, bool upsert);
  [[nodiscard]] Result<Document> finish(mongoc_bulk_operation_t& bulk);
  [[nodiscard]] std::unexpected<Error> failed(const bson_error_t& error, const bson_t* reply);
  [[nodiscard]] Result<std::vector<Document>> read_all(mongoc_cursor_t* cursor);

  mongoc_client_t& client_;
  const std::string& database_;
  const Clock& clock_;
  StoreMetrics& metrics_;
  MonoTime deadline_{INT64_MAX};
  bool connected_ = true;       // the last command that was sent found a database, as far as is known
  bool was_connected_ = false;  // and the one before it
  bool lost_a_good_server_ = false;
};

}  // namespace herald::adapters::mongodb
