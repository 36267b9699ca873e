#pragma once
// Writes and reads fields of stored values. Numbers are big-endian; texts have a 32-bit length before them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/time.h"
#include "domain/ids.h"

namespace herald::adapters {

class ByteWriter {
 public:
  explicit ByteWriter(std::size_t expected_bytes = 0) { bytes_.reserve(expected_bytes); }

  template <class Integer>
  ByteWriter& number(Integer value) {
    for (int shift = static_cast<int>(sizeof(Integer)) * 8 - 8; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift));
    }
    return *this;
  }
  ByteWriter& time(WallTime value) { return number(static_cast<std::uint64_t>(value.ms)); }
  ByteWriter& raw(std::string_view value) {
    bytes_.append(value);
    return *this;
  }
  ByteWriter& text(std::string_view value) { return number(static_cast<std::uint32_t>(value.size())).raw(value); }
  template <class Tag, std::size_t Size>
  ByteWriter& id(const FixedId<Tag, Size>& value) {
    return raw(value.view());
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reading past the end gives zeros and makes complete() false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class Integer>
  [[nodiscard]] Integer number() {
    std::uint64_t value = 0;
    for (const char byte : raw(sizeof(Integer))) value = value << 8 | static_cast<std::uint8_t>(byte);
    return static_cast<Integer>(value);
  }
  [[nodiscard]] WallTime time() { return {static_cast<std::int64_t>(number<std::uint64_t>())}; }
  [[nodiscard]] std::string_view raw(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] std::string_view text() { return raw(number<std::uint32_t>()); }
  template <class Id>
  [[nodiscard]] Id id() {
    return Id::from_bytes(as_bytes(raw(sizeof(Id::bytes)))).value_or(Id{});
  }
  // An enumerator up to `last`.
  template <class Enum>
  [[nodiscard]] Enum enumerator(Enum first, Enum last) {
    const auto value = static_cast<Enum>(number<std::uint8_t>());
    if (value < first || value > last) failed_ = true;
    return value;
  }
  // The first byte of every value.
  void version(std::uint8_t known) {
    if (number<std::uint8_t>() != known) failed_ = true;
  }
  // The same where there are several; answers which it is.
  [[nodiscard]] std::uint8_t version(std::uint8_t oldest, std::uint8_t newest) {
    const auto found = number<std::uint8_t>();
    if (found < oldest || found > newest) failed_ = true;
    return found;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool good() const { return !failed_; }
  // Everything was there, and nothing is left.
  [[nodiscard]] bool complete() const { return good() && at_end(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace herald::adapters
