#pragma once
// BSON documents as values: one class to write them, one to read them. Private to this folder.

#include <bson/bson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace herald::adapters::mongodb {

// Owns a document and adds to its end. Each call answers the document, so that calls can be chained.
class Document {
 public:
  Document() : value_(bson_new()) {}
  explicit Document(const bson_t& copied) : value_(bson_copy(&copied)) {}
  Document(Document&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Document& operator=(Document&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Document() { bson_destroy(value_); }

  Document& text(std::string_view key, std::string_view value);
  Document& bytes(std::string_view key, std::string_view value);
  Document& number(std::string_view key, std::int64_t value);
  Document& time(std::string_view key, WallTime value);
  Document& flag(std::string_view key, bool value);
  Document& document(std::string_view key, const Document& value);
  Document& texts(std::string_view key, std::span<const std::string> values);
  Document& documents(std::string_view key, std::span<const Document> values);

  [[nodiscard]] const bson_t* get() const { return value_; }
  [[nodiscard]] bool empty() const { return bson_empty(value_); }
  // As extended JSON, for messages and tests.
  [[nodiscard]] std::string json() const;

 private:
  bson_t* value_;  // null: moved from
};

// Short ways to say documents of one field.
[[nodiscard]] Document text_of(std::string_view key, std::string_view value);
[[nodiscard]] Document number_of(std::string_view key, std::int64_t value);
[[nodiscard]] Document time_of(std::string_view key, WallTime value);
[[nodiscard]] Document flag_of(std::string_view key, bool value);
[[nodiscard]] Document document_of(std::string_view key, const Document& value);

// Reads a document that must outlive it. A field that is missing or of another type is nothing.
class Row {
 public:
  explicit Row(const Document& document) : value_(document.get()) {}
  explicit Row(const bson_t* value) : value_(value) {}

  [[nodiscard]] bool has(const char* key) const { return bson_has_field(value_, key); }
  [[nodiscard]] std::optional<std::string_view> text(const char* key) const;
  [[nodiscard]] std::optional<std::string_view> bytes(const char* key) const;
  // Whole numbers of either width, and doubles without a fraction.
  [[nodiscard]] std::optional<std::int64_t> number(const char* key) const;
  [[nodiscard]] std::optional<WallTime> time(const char* key) const;
  [[nodiscard]] bool flag(const char* key) const;
  [[nodiscard]] const bson_t* value() const { return value_; }

 private:
  const bson_t* value_;
};

// The documents of a reply's first batch: cursor.firstBatch.
[[nodiscard]] std::vector<Document> batch_of(const Row& reply);

}  // namespace herald::adapters::mongodb
