#pragma once
// The checksum of RocksDB's log files: CRC-32C (RFC 3720, appendix B.4). Private to this folder.

#include <cstdint>
#include <string_view>

namespace herald::adapters {

[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);
// As it is stored: rotated and offset, so that the checksum of bytes that hold checksums is a good one.
[[nodiscard]] std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace herald::adapters
