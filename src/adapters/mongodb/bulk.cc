#include "adapters/mongodb/bulk.h"

#include <algorithm>

#include "adapters/mongodb/bson.h"

namespace herald::adapters::mongodb {

namespace {

// What a command holds besides its documents: its name, its options, session and cluster time. As much as a server
// itself allows beyond maxBsonObjectSize.
constexpr std::size_t kCommandBytes = 16'384;

void set_if_given(std::size_t& limit, const Row& hello, const char* field) {
  const auto given = hello.number(field);
  if (given && *given > 0) limit = static_cast<std::size_t>(*given);
}

}  // namespace

BulkLimits bulk_limits(const bson_t& hello) {
  BulkLimits limits;
  const Row row(&hello);
  set_if_given(limits.documents, row, "maxWriteBatchSize");
  set_if_given(limits.message_bytes, row, "maxMessageSizeBytes");
  set_if_given(limits.document_bytes, row, "maxBsonObjectSize");
  return limits;
}

std::vector<std::size_t> parts_of(std::span<const std::size_t> sizes, const BulkLimits& limits) {
  const std::size_t room = limits.message_bytes - std::min(kCommandBytes, limits.message_bytes / 2);
  std::vector<std::size_t> parts;
  std::size_t bytes = 0;
  for (const std::size_t size : sizes) {
    const bool fits = !parts.empty() && parts.back() < limits.documents && bytes + size <= room;
    if (!fits) {
      parts.push_back(0);
      bytes = 0;
    }
    ++parts.back();
    bytes += size;
  }
  return parts;
}

}  // namespace herald::adapters::mongodb
