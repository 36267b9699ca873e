#include "adapters/mongodb/session.h"

#include <utility>

#include "adapters/mongodb/bulk.h"
#include "adapters/mongodb/errors.h"

namespace herald::adapters::mongodb {

namespace {

constexpr const char* kTooLate = "the database took too long";

// A reply that the driver fills in. It is valid also if a call fails before it gets to that: an empty document owns no
// memory that initialising it again could lose.
class DriverReply {
 public:
  DriverReply() { bson_init(&value_); }
  ~DriverReply() { bson_destroy(&value_); }
  DriverReply(const DriverReply&) = delete;
  DriverReply& operator=(const DriverReply&) = delete;
  [[nodiscard]] bson_t* to_fill() { return &value_; }
  [[nodiscard]] const bson_t* get() const { return &value_; }

 private:
  bson_t value_{};
};

struct DestroyBulk {
  void operator()(mongoc_bulk_operation_t* it) const { mongoc_bulk_operation_destroy(it); }
};
using Bulk = std::unique_ptr<mongoc_bulk_operation_t, DestroyBulk>;

[[nodiscard]] Bulk unordered(mongoc_collection_t* collection) {
  const Document options = flag_of("ordered", false);
  return Bulk(mongoc_collection_create_bulk_operation_with_opts(collection, options.get()));
}

struct WriteError {
  std::uint32_t index = 0;
  std::uint32_t code = 0;
  std::string message;
};

[[nodiscard]] std::vector<WriteError> write_errors(const bson_t* reply) {
  std::vector<WriteError> errors;
  bson_iter_t at;
  bson_iter_t each;
  if (!bson_iter_init_find(&at, reply, "writeErrors") || !bson_iter_recurse(&at, &each)) return errors;
  while (bson_iter_next(&each)) {
    bson_iter_t inner;
    if (!bson_iter_recurse(&each, &inner)) continue;
    WriteError error;
    while (bson_iter_next(&inner)) {
      const std::string_view key = bson_iter_key(&inner);
      if (key == "index") error.index = static_cast<std::uint32_t>(bson_iter_as_int64(&inner));
      if (key == "code") error.code = static_cast<std::uint32_t>(bson_iter_as_int64(&inner));
      if (key == "errmsg" && BSON_ITER_HOLDS_UTF8(&inner)) error.message = bson_iter_utf8(&inner, nullptr);
    }
    errors.push_back(std::move(error));
  }
  return errors;
}

// A first reply holds 101 documents unless more are asked for, and the rest costs another command. The server ends a
// reply before 16 MiB by itself.
constexpr std::int64_t kDocumentsPerReply = 100'000;

// What an update or a delete has besides its filter and its change: names of fields, flags.
constexpr std::size_t kStatementBytes = 128;

[[nodiscard]] Document options_of(const Find& what) {
  Document options = number_of("batchSize", kDocumentsPerReply);
  if (what.sort != nullptr) options.document("sort", *what.sort);
  if (what.limit != 0) options.number("limit", static_cast<std::int64_t>(what.limit));
  if (!what.fields.empty()) {
    Document projection;
    for (const char* field : what.fields) projection.number(field, 1);
    options.document("projection", projection);
  }
  return options;
}

}  // namespace

Session::Session(mongoc_client_t& client, const std::string& database, const Clock& clock, StoreMetrics& metrics)
    : client_(client), database_(database), clock_(clock), metrics_(metrics) {}

Session::Collection Session::open(const char* collection) {
  return Collection(mongoc_client_get_collection(&client_, database_.c_str(), collection));
}

Status Session::ready(const char* operation) {
  lost_a_good_server_ = false;
  if (clock_.mono() >= deadline_) return fail(ErrorKind::kUnavailable, kTooLate);
  metrics_.command(operation);
  was_connected_ = std::exchange(connected_, true);
  return {};
}

std::unexpected<Error> Session::failed(const bson_error_t& error, const bson_t* reply) {
  lost_a_good_server_ = (is_broken_connection(error) || is_no_primary(error)) && was_connected_;
  const bool away = error.domain == MONGOC_ERROR_STREAM || error.domain == MONGOC_ERROR_SERVER_SELECTION;
  if (away || is_no_primary(error)) connected_ = false;
  return std::unexpected(to_error(error, reply));
}

Result<std::vector<Document>> Session::read_all(mongoc_cursor_t* cursor) {
  const std::unique_ptr<mongoc_cursor_t, decltype([](mongoc_cursor_t* it) { mongoc_cursor_destroy(it); })> owner(
      cursor);
  std::vector<Document> found;
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor, &document)) found.emplace_back(*document);
  bson_error_t error;
  const bson_t* reply = nullptr;
  if (mongoc_cursor_error_document(cursor, &error, &reply)) return failed(error, reply);
  return found;
}

Result<std::vector<Document>> Session::find(const char* collection, const Find& what) {
  if (auto may = ready("find"); !may) return std::unexpected(may.error());
  const auto from = open(collection);
  const Document options = options_of(what);
  return read_all(mongoc_collection_find_with_opts(from.get(), what.filter.get(), options.get(), nullptr));
}

Result<std::optional<Document>> Session::find_one(const char* collection, Find what) {
  what.limit = 1;
  auto found = find(collection, what);
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

// Every part is one command, and ends as a whole: the driver, which would cut a bulk by itself, answers one error for
// all of its commands, and an earlier one's duplicate key hides that a later one was lost.
Status Session::in_parts(const char* operation, std::span<const std::size_t> sizes,
                         const std::function<Status(Part)>& run) {
  const auto said = hello();
  if (!said) return std::unexpected(said.error());
  Part part;
  for (const std::size_t count : parts_of(sizes, bulk_limits(*said->get()))) {
    part.count = count;
    if (auto may = ready(operation); !may) return may;
    if (auto done = run(part); !done) return done;
    part.first += count;
  }
  return {};
}

Result<Inserted> Session::insert(const char* collection, std::span<const Document> documents) {
  Inserted inserted{std::vector<bool>(documents.size(), true), documents.size()};
  if (documents.empty()) return inserted;
  const auto into = open(collection);
  std::vector<std::size_t> sizes;
  for (const auto& document : documents) sizes.push_back(document.get()->len);
  const auto done = in_parts("insert", sizes, [&](Part part) { return insert_part(*into, documents, part, inserted); });
  if (!done) return std::unexpected(done.error());
  return inserted;
}

Status Session::insert_part(mongoc_collection_t& into, std::span<const Document> documents, Part part,
                            Inserted& inserted) {
  const Bulk bulk = unordered(&into);
  bson_error_t error{};
  for (const auto& document : documents.subspan(part.first, part.count)) {
    if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(), nullptr, &error)) {
      return failed(error, nullptr);
    }
  }
  DriverReply reply;
  if (mongoc_bulk_operation_execute(bulk.get(), reply.to_fill(), &error) != 0) return {};
  const auto errors = write_errors(reply.get());
  if (errors.empty() || kind_of(error, reply.get()) != ErrorKind::kConflict) return failed(error, reply.get());
  for (const auto& each : errors) {
    if (each.code != kDuplicateKey || each.index >= part.count) return fail(kind_of_code(each.code), each.message);
    inserted.is_new[part.first + each.index] = false;
    --inserted.count;
  }
  // The driver may have cut what we did not: another server may take it now, whose limits are lower. Fewer than all
  // means that a command was lost; mongo-java-server counts its duplicates as inserted, so it may be more.
  const auto stored = Row(reply.get()).number("nInserted").value_or(0);
  if (stored + static_cast<std::int64_t>(errors.size()) >= static_cast<std::int64_t>(part.count)) return {};
  return fail(ErrorKind::kUnavailable, "the database took " + std::to_string(stored) + " documents of " +
                                           std::to_string(part.count) + ", of which it had " +
                                           std::to_string(errors.size()));
}

Result<Document> Session::finish(mongoc_bulk_operation_t& bulk) {
  DriverReply reply;
  bson_error_t error{};
  if (mongoc_bulk_operation_execute(&bulk, reply.to_fill(), &error) == 0) return failed(error, reply.get());
  return Document(*reply.get());
}

Result<Updated> Session::update(const char* collection, std::span<const Update> updates) {
  Updated updated;
  if (updates.empty()) return updated;
  const auto in = open(collection);
  std::vector<std::size_t> sizes;
  for (const auto& it : updates) sizes.push_back(it.filter.get()->len + it.change.get()->len + kStatementBytes);
  const auto done = in_parts("update", sizes, [&](Part part) { return update_part(*in, updates, part, updated); });
  if (!done) return std::unexpected(done.error());
  return updated;
}

// An upsert that finds no document may meet one that another process makes at the same moment. Not every server tries
// it again by itself; the second time the document is there to be found.
Status Session::update_part(mongoc_collection_t& in, std::span<const Update> updates, Part part, Updated& updated) {
  std::vector<const Update*> first;
  for (const auto& it : updates.subspan(part.first, part.count)) first.push_back(&it);
  const auto again = send_updates(in, first, updated);
  if (!again) return std::unexpected(again.error());
  if (again->empty()) return {};
  if (auto may = ready("update"); !may) return may;
  const auto left = send_updates(in, *again, updated);
  if (!left) return std::unexpected(left.error());
  return left->empty() ? Status{} : fail(ErrorKind::kConflict, "an upsert met the document of another twice");
}

Result<std::vector<const Update*>> Session::send_updates(mongoc_collection_t& in,
                                                         std::span<const Update* const> updates, Updated& updated) {
  const Bulk bulk = unordered(&in);
  bson_error_t error{};
  for (const Update* it : updates) {
    const Document options = flag_of("upsert", it->upsert);
    const auto add =
        it->many ? &mongoc_bulk_operation_update_many_with_opts : &mongoc_bulk_operation_update_one_with_opts;
    if (!add(bulk.get(), it->filter.get(), it->change.get(), options.get(), &error)) return failed(error, nullptr);
  }
  DriverReply reply;
  std::vector<const Update*> met;
  if (mongoc_bulk_operation_execute(bulk.get(), reply.to_fill(), &error) == 0) {
    if (kind_of(error, reply.get()) != ErrorKind::kConflict) return failed(error, reply.get());
    for (const auto& each : write_errors(reply.get())) {
      const bool retry = each.code == kDuplicateKey && each.index < updates.size() && updates[each.index]->upsert;
      if (!retry) return fail(kind_of_code(each.code), each.message);
      met.push_back(updates[each.index]);
    }
    if (met.empty()) return failed(error, reply.get());
  }
  updated.matched += static_cast<std::uint64_t>(Row(reply.get()).number("nMatched").value_or(0));
  updated.changed += static_cast<std::uint64_t>(Row(reply.get()).number("nModified").value_or(0));
  return met;
}

Result<std::uint64_t> Session::remove(const char* collection, std::span<const Document> filters) {
  std::uint64_t removed = 0;
  if (filters.empty()) return removed;
  const auto from = open(collection);
  std::vector<std::size_t> sizes;
  for (const auto& filter : filters) sizes.push_back(filter.get()->len + kStatementBytes);
  const auto done = in_parts("delete", sizes, [&](Part part) -> Status {
    const Bulk bulk = unordered(from.get());
    bson_error_t error{};
    for (const auto& filter : filters.subspan(part.first, part.count)) {
      if (!mongoc_bulk_operation_remove_many_with_opts(bulk.get(), filter.get(), nullptr, &error)) {
        return failed(error, nullptr);
      }
    }
    const auto reply = finish(*bulk);
    if (!reply) return std::unexpected(reply.error());
    removed += static_cast<std::uint64_t>(Row(*reply).number("nRemoved").value_or(0));
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return removed;
}

// As an update's upsert, it is sent again if it meets a document that was made at the same moment.
Result<std::optional<Document>> Session::find_and_update(const char* collection, const Document& filter,
                                                         const Document& change, bool upsert) {
  auto before = find_and_update_once(collection, filter, change, upsert);
  if (before || !upsert || before.error().kind != ErrorKind::kConflict) return before;
  return find_and_update_once(collection, filter, change, upsert);
}

Result<std::optional<Document>> Session::find_and_update_once(const char* collection, const Document& filter,
                                                              const Document& change, bool upsert) {
  if (auto may = ready("findAndModify"); !may) return std::unexpected(may.error());
  const auto in = open(collection);
  const std::unique_ptr<mongoc_find_and_modify_opts_t,
                        decltype([](mongoc_find_and_modify_opts_t* it) { mongoc_find_and_modify_opts_destroy(it); })>
      options(mongoc_find_and_modify_opts_new());
  mongoc_find_and_modify_opts_set_update(options.get(), change.get());
  if (upsert) mongoc_find_and_modify_opts_set_flags(options.get(), MONGOC_FIND_AND_MODIFY_UPSERT);
  bson_error_t error{};
  DriverReply reply;
  if (!mongoc_collection_find_and_modify_with_opts(in.get(), filter.get(), options.get(), reply.to_fill(), &error)) {
    return failed(error, reply.get());
  }
  bson_iter_t at;
  if (!bson_iter_init_find(&at, reply.get(), "value") || !BSON_ITER_HOLDS_DOCUMENT(&at)) return std::nullopt;
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_document(&at, &size, &data);
  bson_t before;
  if (!bson_init_static(&before, data, size)) return fail(ErrorKind::kInternal, "a reply that is not BSON");
  return Document(before);
}

Result<std::uint64_t> Session::count(const char* collection, const Document& filter, std::size_t limit) {
  if (auto may = ready("count"); !may) return std::unexpected(may.error());
  const auto in = open(collection);
  Document options;
  if (limit != 0) options.number("limit", static_cast<std::int64_t>(limit));
  bson_error_t error{};
  DriverReply reply;
  const auto counted =
      mongoc_collection_count_documents(in.get(), filter.get(), options.get(), nullptr, reply.to_fill(), &error);
  if (counted < 0) return failed(error, reply.get());
  return static_cast<std::uint64_t>(counted);
}

Result<std::map<std::string, std::uint64_t, std::less<>>> Session::count_by(const char* collection,
                                                                            const Document& filter,
                                                                            const std::string& field) {
  if (auto may = ready("aggregate"); !may) return std::unexpected(may.error());
  Document group;
  group.text("_id", "$" + field).document("n", number_of("$sum", 1));
  Document stages[] = {document_of("$match", filter), document_of("$group", group)};
  Document pipeline;
  pipeline.documents("pipeline", stages);
  const auto in = open(collection);
  const Document options = number_of("batchSize", kDocumentsPerReply);
  auto rows =
      read_all(mongoc_collection_aggregate(in.get(), MONGOC_QUERY_NONE, pipeline.get(), options.get(), nullptr));
  if (!rows) return std::unexpected(rows.error());
  std::map<std::string, std::uint64_t, std::less<>> counts;
  for (const auto& document : *rows) {
    const Row row(document);
    counts[std::string(row.text("_id").value_or(""))] = static_cast<std::uint64_t>(row.number("n").value_or(0));
  }
  return counts;
}

Result<Document> Session::command(const Document& command) {
  if (auto may = ready("command"); !may) return std::unexpected(may.error());
  bson_error_t error{};
  DriverReply reply;
  const bool done =
      mongoc_client_command_simple(&client_, database_.c_str(), command.get(), nullptr, reply.to_fill(), &error);
  if (!done) return failed(error, reply.get());
  return Document(*reply.get());
}

Result<Document> Session::write_command(const Document& command) {
  if (auto may = ready("command"); !may) return std::unexpected(may.error());
  bson_error_t error{};
  DriverReply reply;
  const bool done = mongoc_client_write_command_with_opts(&client_, database_.c_str(), command.get(), nullptr,
                                                          reply.to_fill(), &error);
  if (!done) return failed(error, reply.get());
  return Document(*reply.get());
}

Result<Document> Session::hello() {
  if (clock_.mono() >= deadline_) return fail(ErrorKind::kUnavailable, kTooLate);
  bson_error_t error{};
  const std::unique_ptr<mongoc_server_description_t,
                        decltype([](mongoc_server_description_t* it) { mongoc_server_description_destroy(it); })>
      server(mongoc_client_select_server(&client_, true, nullptr, &error));
  if (!server) {
    connected_ = lost_a_good_server_ = false;
    return std::unexpected(to_error(error, nullptr));
  }
  return Document(*mongoc_server_description_hello_response(server.get()));
}

}  // namespace herald::adapters::mongodb
