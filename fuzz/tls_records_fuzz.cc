// Whatever a peer sends over TLS after the handshake, the session goes on, or ends once and for good, and what it seals
// can be opened. The first byte chooses the suite (bits 0 and 1) and whether the records are sealed with the peer's
// keys (bit 7), since others hardly ever pass the tag; then each begins with its type, its padding and its size.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/check.h"
#include "transport/tls_session.h"

namespace {

namespace transport = herald::transport;
using herald::ByteView;
using transport::TlsSession;
using transport::TlsTraffic;

// Both directions, as the peer has them.
struct Peer {
  explicit Peer(const transport::TlsSecrets& secrets)
      : write(secrets.suite, ByteView(secrets.read).first(tls_secret_bytes(secrets.suite)), 0),
        read(secrets.suite, ByteView(secrets.write).first(tls_secret_bytes(secrets.suite)), 0) {}
  TlsTraffic write;
  TlsTraffic read;
};

class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() { return rest_.empty() ? 0 : take(1)[0]; }
  ByteView take(std::size_t count) {
    const ByteView out = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }

 private:
  ByteView rest_;
};

std::vector<std::uint8_t> sealed_record(Peer& peer, Input& input) {
  const std::uint8_t type = input.byte();
  const std::size_t padding = input.byte();
  const ByteView content = input.take(input.byte());
  const std::size_t inner = content.size() + 1 + padding;
  const std::size_t length = inner + transport::kTlsTagBytes;
  std::vector<std::uint8_t> record{23, 3, 3, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  record.insert(record.end(), content.begin(), content.end());
  record.push_back(type);
  record.resize(transport::kTlsHeaderBytes + length);
  const std::span bytes(record);
  peer.write.encrypt(bytes.first(transport::kTlsHeaderBytes), bytes.subspan(transport::kTlsHeaderBytes, inner),
                     bytes.last<transport::kTlsTagBytes>());
  // The peer goes on to its next keys if this was a whole KeyUpdate.
  if (type == 22 && content.size() == 5 && content[0] == 24) peer.write.update();
  return record;
}

// The next record as the bytes have it; empty if they are too few, or none.
std::vector<std::uint8_t> raw_record(Input& input) {
  const ByteView header = input.take(transport::kTlsHeaderBytes);
  if (header.size() < transport::kTlsHeaderBytes) return {};
  const auto size = transport::tls_record_bytes(header.first<transport::kTlsHeaderBytes>());
  if (!size) return {};
  const ByteView rest = input.take(*size - header.size());
  if (header.size() + rest.size() < *size) return {};
  std::vector<std::uint8_t> record(header.begin(), header.end());
  record.insert(record.end(), rest.begin(), rest.end());
  return record;
}

// What the session seals reaches the peer, key updates included.
void check_seals(TlsSession& session, Peer& peer) {
  std::vector<std::uint8_t> out(transport::kTlsSealedMaxBytes);
  std::span<std::uint8_t> rest = std::span(out).first(session.seal("re", "ply", out));
  std::size_t received = 0;
  while (!rest.empty()) {
    const auto size = transport::tls_record_bytes(rest.first<transport::kTlsHeaderBytes>());
    HERALD_CHECK(size && *size <= rest.size(), "sealed no whole record");
    const auto content = transport::open_tls_record(peer.read, rest.first(*size));
    HERALD_CHECK(content.has_value(), "sealed what can't be opened");
    if (content->type == transport::TlsContentType::kHandshake) peer.read.update();
    received += content->type == transport::TlsContentType::kApplicationData ? content->bytes.size() : 0;
    rest = rest.subspan(*size);
  }
  HERALD_CHECK(received == 5, "sealed something else");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  const std::uint8_t choice = input.byte();
  const auto suite = transport::find_tls_suite(static_cast<std::uint16_t>(0x1301 + (choice & 3)));
  if (!suite) return 0;
  transport::TlsSecrets secrets;
  secrets.suite = *suite;
  secrets.read.fill(1);
  secrets.write.fill(2);
  Peer peer(secrets);
  TlsSession session(secrets, 3);
  while (!input.empty()) {
    auto record = (choice & 0x80) != 0 ? sealed_record(peer, input) : raw_record(input);
    if (record.empty()) break;
    const std::size_t most = record.size();
    const auto content = session.receive(record);
    if (!content) {
      HERALD_CHECK(!content.error().in_order || !content.error().alert, "an end in order needs no alert");
      break;
    }
    HERALD_CHECK(content->size() + transport::kTlsRecordExtraBytes <= most, "more came out than was in");
    check_seals(session, peer);
  }
  return 0;
}
