#pragma once
// For this folder's tests: messages of MongoDB's wire protocol, read and made. Private to this folder.
// Source: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "adapters/mongodb/bson.h"
#include "base/check.h"

namespace herald::adapters::mongodb {

static_assert(std::endian::native == std::endian::little, "numbers are sent with the lowest byte first");

// One whole message: a command or a reply.
class WireMessage {
 public:
  explicit WireMessage(std::string bytes) : bytes_(std::move(bytes)) {
    HERALD_CHECK(bytes_.size() >= kHeaderBytes, "a message without its header");
  }

  // Takes the first whole message out of what was received. Answers false if it has not come yet.
  [[nodiscard]] static bool take(std::string& received, std::string& bytes) {
    std::uint32_t size = 0;
    if (received.size() < sizeof size) return false;
    std::memcpy(&size, received.data(), sizeof size);
    if (received.size() < size) return false;
    bytes = received.substr(0, size);
    received.erase(0, size);
    return true;
  }

  // The answer to `request`, as the server would send it.
  [[nodiscard]] static WireMessage answer(const WireMessage& request, const Document& body) {
    std::string bytes(kHeaderBytes, '\0');
    put_number(bytes, 8, request.number(4));
    put_number(bytes, 12, kMessage);
    bytes.append(5, '\0');  // no flags; a section of one document
    return WireMessage(std::move(bytes)).with_body(body);
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  // The command without the documents that it carries beside, or the reply.
  [[nodiscard]] Document body() const { return document_at(body_begin()); }
  // The same message with another body and nothing beside it.
  [[nodiscard]] WireMessage with_body(const Document& body) const {
    std::string bytes = bytes_.substr(0, body_begin());
    bytes.append(reinterpret_cast<const char*>(bson_get_data(body.get())), body.get()->len);
    put_number(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
    return WireMessage(std::move(bytes));
  }
  // How many documents it carries beside its body: what a bulk writes.
  [[nodiscard]] std::size_t documents() const {
    if (number(12) != kMessage) return 0;
    std::size_t count = 0;
    std::size_t at = body_begin() + number(body_begin());
    while (at < bytes_.size() && bytes_[at] == kSequence) {
      const std::size_t end = at + 1 + number(at + 1);
      at += 5;
      at += std::strlen(bytes_.data() + at) + 1;
      for (; at < end; at += number(at)) ++count;
    }
    return count;
  }

 private:
  static constexpr std::size_t kHeaderBytes = 16;
  static constexpr std::uint32_t kReply = 1;
  static constexpr std::uint32_t kQuery = 2'004;
  static constexpr std::uint32_t kMessage = 2'013;
  static constexpr char kSequence = 1;

  static void put_number(std::string& bytes, std::size_t at, std::uint32_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  [[nodiscard]] std::uint32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    HERALD_CHECK(at + sizeof value <= bytes_.size(), "a message that ends early");
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  [[nodiscard]] std::size_t body_begin() const {
    switch (number(12)) {
      case kReply:
        return kHeaderBytes + 20;
      case kQuery:
        return kHeaderBytes + 4 + std::strlen(bytes_.data() + kHeaderBytes + 4) + 1 + 8;
      default:
        HERALD_CHECK(number(12) == kMessage, "a message of another kind");
        return kHeaderBytes + 5;
    }
  }
  [[nodiscard]] Document document_at(std::size_t at) const {
    bson_t view;
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes_.data() + at);
    HERALD_CHECK(bson_init_static(&view, data, number(at)), "a message without a document");
    return Document(view);
  }

  std::string bytes_;
};

// `base` with the fields of `changes` in place of its own.
[[nodiscard]] inline Document amended(const Document& base, const Document& changes) {
  Document result(*changes.get());
  bson_iter_t at;
  HERALD_CHECK(bson_iter_init(&at, base.get()), "a document that can't be read");
  auto* into = const_cast<bson_t*>(result.get());
  while (bson_iter_next(&at)) {
    if (!bson_has_field(changes.get(), bson_iter_key(&at))) bson_append_iter(into, bson_iter_key(&at), -1, &at);
  }
  return result;
}

}  // namespace herald::adapters::mongodb
