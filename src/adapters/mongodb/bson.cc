#include "adapters/mongodb/bson.h"

#include <array>

#include "base/check.h"

namespace herald::adapters::mongodb {

namespace {

// Appending fails only past 2 GiB, which every limit keeps far away.
void grew(bool appended) {
  HERALD_CHECK(appended, "a document must not pass BSON's size");
}

[[nodiscard]] int size_of(std::string_view text) {
  return static_cast<int>(text.size());
}

// "0", "1", … as the keys of an array.
class ArrayKey {
 public:
  explicit ArrayKey(std::size_t index) {
    const char* start = nullptr;
    size_ = bson_uint32_to_string(static_cast<std::uint32_t>(index), &start, buffer_.data(), buffer_.size());
    start_ = start;
  }
  [[nodiscard]] std::string_view view() const { return {start_, size_}; }

 private:
  std::array<char, 16> buffer_{};
  const char* start_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace

Document& Document::text(std::string_view key, std::string_view value) {
  grew(bson_append_utf8(value_, key.data(), size_of(key), value.data(), size_of(value)));
  return *this;
}

Document& Document::bytes(std::string_view key, std::string_view value) {
  // libbson wants an address, even of nothing.
  const auto* data = reinterpret_cast<const std::uint8_t*>(value.empty() ? "" : value.data());
  grew(bson_append_binary(value_, key.data(), size_of(key), BSON_SUBTYPE_BINARY, data,
                          static_cast<std::uint32_t>(value.size())));
  return *this;
}

Document& Document::number(std::string_view key, std::int64_t value) {
  grew(bson_append_int64(value_, key.data(), size_of(key), value));
  return *this;
}

Document& Document::time(std::string_view key, WallTime value) {
  grew(bson_append_date_time(value_, key.data(), size_of(key), value.ms));
  return *this;
}

Document& Document::flag(std::string_view key, bool value) {
  grew(bson_append_bool(value_, key.data(), size_of(key), value));
  return *this;
}

Document& Document::document(std::string_view key, const Document& value) {
  grew(bson_append_document(value_, key.data(), size_of(key), value.get()));
  return *this;
}

Document& Document::texts(std::string_view key, std::span<const std::string> values) {
  Document array;
  for (std::size_t i = 0; i < values.size(); ++i) array.text(ArrayKey(i).view(), values[i]);
  grew(bson_append_array(value_, key.data(), size_of(key), array.get()));
  return *this;
}

Document& Document::documents(std::string_view key, std::span<const Document> values) {
  Document array;
  for (std::size_t i = 0; i < values.size(); ++i) array.document(ArrayKey(i).view(), values[i]);
  grew(bson_append_array(value_, key.data(), size_of(key), array.get()));
  return *this;
}

std::string Document::json() const {
  char* text = bson_as_relaxed_extended_json(value_, nullptr);
  std::string out = text != nullptr ? text : "";
  bson_free(text);
  return out;
}

Document text_of(std::string_view key, std::string_view value) {
  Document document;
  document.text(key, value);
  return document;
}

Document number_of(std::string_view key, std::int64_t value) {
  Document document;
  document.number(key, value);
  return document;
}

Document time_of(std::string_view key, WallTime value) {
  Document document;
  document.time(key, value);
  return document;
}

Document flag_of(std::string_view key, bool value) {
  Document document;
  document.flag(key, value);
  return document;
}

Document document_of(std::string_view key, const Document& value) {
  Document document;
  document.document(key, value);
  return document;
}

std::optional<std::string_view> Row::text(const char* key) const {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, value_, key) || !BSON_ITER_HOLDS_UTF8(&at)) return std::nullopt;
  std::uint32_t size = 0;
  const char* data = bson_iter_utf8(&at, &size);
  return std::string_view(data, size);
}

std::optional<std::string_view> Row::bytes(const char* key) const {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, value_, key) || !BSON_ITER_HOLDS_BINARY(&at)) return std::nullopt;
  bson_subtype_t subtype{};
  std::uint32_t size = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&at, &subtype, &size, &data);
  return std::string_view(reinterpret_cast<const char*>(data), size);
}

std::optional<std::int64_t> Row::number(const char* key) const {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, value_, key) || !BSON_ITER_HOLDS_NUMBER(&at)) return std::nullopt;
  return bson_iter_as_int64(&at);
}

std::optional<WallTime> Row::time(const char* key) const {
  bson_iter_t at;
  if (!bson_iter_init_find(&at, value_, key) || !BSON_ITER_HOLDS_DATE_TIME(&at)) return std::nullopt;
  return WallTime{bson_iter_date_time(&at)};
}

bool Row::flag(const char* key) const {
  bson_iter_t at;
  return bson_iter_init_find(&at, value_, key) && BSON_ITER_HOLDS_BOOL(&at) && bson_iter_bool(&at);
}

std::vector<Document> batch_of(const Row& reply) {
  std::vector<Document> documents;
  bson_iter_t root;
  bson_iter_t at;
  bson_iter_t each;
  if (!bson_iter_init(&root, reply.value()) || !bson_iter_find_descendant(&root, "cursor.firstBatch", &at)) return {};
  if (!bson_iter_recurse(&at, &each)) return {};
  while (bson_iter_next(&each)) {
    if (!BSON_ITER_HOLDS_DOCUMENT(&each)) continue;
    std::uint32_t size = 0;
    const std::uint8_t* data = nullptr;
    bson_iter_document(&each, &size, &data);
    bson_t view;
    if (bson_init_static(&view, data, size)) documents.emplace_back(view);
  }
  return documents;
}

}  // namespace herald::adapters::mongodb
