#pragma once
// How a bulk of writes is cut into commands that the server takes whole. Private to this folder.

#include <bson/bson.h>

#include <cstddef>
#include <span>
#include <vector>

namespace herald::adapters::mongodb {

// What a server takes in one command, as its reply to hello says. Source:
// https://www.mongodb.com/docs/manual/reference/command/hello/
struct BulkLimits {
  std::size_t documents = 100'000;         // maxWriteBatchSize
  std::size_t message_bytes = 48'000'000;  // maxMessageSizeBytes
  std::size_t document_bytes = 16U << 20;  // maxBsonObjectSize
};

// Fields that a reply does not have keep their default.
[[nodiscard]] BulkLimits bulk_limits(const bson_t& hello);

// Cuts items of these sizes, in bytes, into neighbours that fit one command each. Answers how many items each part has.
// An item that fits no command is a part of its own.
[[nodiscard]] std::vector<std::size_t> parts_of(std::span<const std::size_t> sizes, const BulkLimits& limits);

}  // namespace herald::adapters::mongodb
