#pragma once
// For tests: the other side of a TlsSession, with the same primitives, which may do what a client must not.

#include <cstdint>
#include <string>
#include <string_view>

#include "transport/tls_session.h"

namespace herald::transport {

// Secrets that differ by suite and direction, with so many records sealed already.
void fill_test_secrets(TlsSecrets& secrets, TlsSuite suite, std::uint64_t written = 0);

class TlsTestPeer {
 public:
  explicit TlsTestPeer(const TlsSecrets& secrets);

  // A record with any type and padding.
  std::string seal(std::uint8_t type, std::string_view content, std::size_t padding = 0);
  std::string data(std::string_view content) { return seal(23, content); }
  std::string alert(std::uint8_t description) { return seal(21, std::string{1, static_cast<char>(description)}); }
  // A KeyUpdate, and the new keys.
  std::string key_update(bool requested);
  // What a record holds, its type in front. A KeyUpdate changes the keys.
  std::string open(std::string_view record);
  // Opens all records of `bytes`; the contents one after the other, types included.
  std::string open_all(std::string_view bytes);

  TlsTraffic write;
  TlsTraffic read;
};

inline const std::string kTestKeyUpdate("\x18\0\0\1\0", 5);
inline const std::string kTestKeyUpdateRequest("\x18\0\0\1\1", 5);

}  // namespace herald::transport
