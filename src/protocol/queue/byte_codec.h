#pragma once
// Private to the folder: big-endian fields in a byte string. docs/queues.md describes the envelopes made of them.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/ids.h"

namespace herald::protocol::queue {

class ByteWriter {
 public:
  explicit ByteWriter(std::size_t size_hint) { out_.reserve(size_hint); }

  void number(std::uint64_t value, std::size_t width) {
    std::array<char, sizeof(value)> bytes;
    for (std::size_t i = 0; i < width; ++i) {
      bytes[i] = static_cast<char>(static_cast<std::uint8_t>(value >> (8 * (width - 1 - i))));
    }
    out_.append(bytes.data(), width);
  }
  template <class Tag, std::size_t Size>
  void id(const FixedId<Tag, Size>& value) {
    out_.append(value.view());
  }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

// Reading past the end gives zeros and makes ok() false for good.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  [[nodiscard]] std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : bytes(width)) value = (value << 8) | static_cast<std::uint8_t>(c);
    return value;
  }
  template <class Id>
  [[nodiscard]] Id id() {
    Id out;
    const std::string_view taken = bytes(out.bytes.size());
    if (!taken.empty()) std::memcpy(out.bytes.data(), taken.data(), taken.size());
    return out;
  }
  // The next `size` bytes as a reader of their own.
  [[nodiscard]] ByteReader part(std::size_t size) { return ByteReader(bytes(size)); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t left() const { return left_.size(); }

 private:
  std::string_view bytes(std::size_t size) {
    if (size > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
  bool ok_ = true;
};

}  // namespace herald::protocol::queue
