#include "adapters/mongodb/notes.h"

#include "adapters/mongodb/schema.h"

namespace herald::adapters::mongodb {

namespace {

Document filter_of(std::string_view name) {
  return text_of("_id", "note " + std::string(name));
}

}  // namespace

Result<std::string> read_note(Session& database, std::string_view name) {
  const auto found = database.find_one(kSchema, {filter_of(name), {}});
  if (!found) return std::unexpected(found.error());
  return *found ? std::string(Row(**found).text("value").value_or("")) : std::string();
}

Status write_note(Session& database, std::string_view name, std::string_view value) {
  const Update update{
      .filter = filter_of(name), .change = document_of("$set", text_of("value", value)), .many = false, .upsert = true};
  const auto updated = database.update(kSchema, {&update, 1});
  return updated ? Status{} : Status(std::unexpected(updated.error()));
}

Result<bool> any_device(Session& database) {
  for (const char* collection : {kRegistrations, kNodes}) {
    const auto counted = database.count(collection, Document(), 1);
    if (!counted) return std::unexpected(counted.error());
    if (*counted > 0) return true;
  }
  return false;
}

}  // namespace herald::adapters::mongodb
