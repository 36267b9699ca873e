#include "adapters/rocksdb/cold/crc32c.h"

#include <array>

namespace herald::adapters {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr std::size_t kLanes = 8;
using Table = std::array<std::uint32_t, 256>;

// kTables[n][b]: the checksum of byte b with n zero bytes behind it, so that eight bytes are taken with one step.
constexpr std::array<Table, kLanes> kTables = [] {
  std::array<Table, kLanes> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[lane - 1][byte];
      tables[lane][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}();

[[nodiscard]] std::uint32_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

[[nodiscard]] std::uint32_t take_lanes(std::uint32_t crc, std::string_view bytes) {
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < kLanes; ++i) {
    const std::uint32_t mixed = i < sizeof(crc) ? (crc >> (8 * i)) & 0xFF : 0;
    next ^= kTables[kLanes - 1 - i][byte_at(bytes, i) ^ mixed];
  }
  return next;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (; bytes.size() >= kLanes; bytes.remove_prefix(kLanes)) crc = take_lanes(crc, bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) crc = (crc >> 8) ^ kTables[0][(crc ^ byte_at(bytes, i)) & 0xFF];
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

}  // namespace herald::adapters
