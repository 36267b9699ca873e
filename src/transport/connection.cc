#include "transport/connection.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "transport/connection_host.h"
#include "transport/http_connection.h"
#include "transport/proxy_header.h"

namespace herald::transport {

namespace {
// More than this is not copied to be sent together with what comes next.
constexpr std::size_t kGatherMaxBytes = 16 * 1024;
}  // namespace

Connection::Connection(ConnectionHost& host, Stream stream, const SocketAddress& peer, bool from_proxy)
    : host_(host),
      stream_(std::move(stream)),
      peer_(peer),
      expects_proxy_(from_proxy),
      shaking_hands_(stream_.secure()) {
  if (!shaking_hands_) mode_ = std::make_unique<HttpConnection>(*this);
}

Connection::~Connection() {
  if (!dead_) host_.loop.unwatch(stream_.fd());
  host_.deadlines.start(*this, Deadline::kNone, host_.loop.now());
}

bool Connection::start() {
  if (!host_.loop.watch(stream_.fd(), *this)) {
    dead_ = true;
    return false;
  }
  update_deadline();
  return true;
}

void Connection::become(std::unique_ptr<ConnectionMode> mode, bool websocket) {
  mode_ = std::move(mode);
  websocket_ = websocket;
}

void Connection::on_ready(bool readable, bool writable, bool hung_up) {
  in_event_ = true;
  if (expects_proxy_) {
    read_proxy_header();
  } else if (shaking_hands_) {
    shake_hands();
  } else {
    // Over TLS either direction may wait for the other.
    if (writable || (blocked_ && stream_.secure())) {
      const bool was_blocked = blocked_;
      flush();
      if (was_blocked && unsent_bytes() == 0 && !dead_ && !finishing_) mode_->on_drained();
    }
    if (!dead_ && (readable || hung_up)) read();
  }
  in_event_ = false;
  settle_now();
}

// The header's bytes are taken from the socket; what follows stays for TLS or HTTP, which the loop reports again.
void Connection::read_proxy_header() {
  std::string& begun = host_.proxy_bytes(*this);
  const auto buffer = host_.loop.read_buffer();
  const StreamResult peeked = stream_.peek(buffer);
  if (peeked.status == StreamStatus::kWantRead) return;
  const std::size_t kept = begun.size();
  // A health check that only connects.
  if (peeked.status != StreamStatus::kOk && kept == 0) return cut();
  begun.append(as_text(buffer.first(peeked.bytes)));
  auto header = transport::read_proxy_header(begun, host_.limits.proxy_header_max_bytes);
  if (peeked.status != StreamStatus::kOk) header.state = ProxyHeader::State::kMalformed;
  switch (header.state) {
    case ProxyHeader::State::kNeedMore:
      return stream_.skip(peeked.bytes);
    case ProxyHeader::State::kComplete:
      stream_.skip(header.bytes - kept);
      begun.clear();
      if (!header.source || host_.attribute(*this, *header.source)) return begin();
      return cut();
    case ProxyHeader::State::kAbsent:
      begun.resize(kept);
      if (begun.empty() || !shaking_hands_) return begin();
      break;
    case ProxyHeader::State::kMalformed:
      break;
  }
  host_.metrics.refused(Refusal::kProxyHeader);
  cut();
}

// What was read and is no header belongs to HTTP.
void Connection::begin() {
  expects_proxy_ = false;
  restart_ = true;
  std::string begun = host_.take_proxy_bytes(*this);
  if (!begun.empty()) mode_->on_bytes({reinterpret_cast<std::uint8_t*>(begun.data()), begun.size()});
}

void Connection::shake_hands() {
  const StreamStatus status = stream_.handshake();
  if (status == StreamStatus::kOk) {
    shaking_hands_ = false;
    host_.metrics.shook_hands(stream_.own_records());
    mode_ = std::make_unique<HttpConnection>(*this);
  }
  blocked_ = status == StreamStatus::kWantWrite;
  if (status != StreamStatus::kFailed && status != StreamStatus::kEnded) return;
  host_.metrics.refused(Refusal::kTlsHandshake);
  cut();
}

void Connection::read() {
  if (!wants_read()) {
    // Bytes can wait, but a connection that is gone would be reported for ever.
    if (!watch_read_) return cut();
    unread_ = true;
    return;
  }
  // The buffer holds more than a TLS record, so that nothing stays decrypted where epoll can't see it.
  const auto buffer = host_.loop.read_buffer();
  const StreamResult result = stream_.read_some(buffer);
  switch (result.status) {
    case StreamStatus::kOk:
      if (!finishing_) mode_->on_bytes(buffer.first(result.bytes));
      return;
    case StreamStatus::kEnded:
      ended_ = true;
      if (!finishing_) return mode_->on_ended();
      if (unsent_bytes() == 0) cut();
      return;
    case StreamStatus::kFailed:
      return cut();
    case StreamStatus::kWantRead:
    case StreamStatus::kWantWrite:
      return;
  }
}

void Connection::send(std::string_view first, std::string_view second) {
  if (dead_ || finishing_) return;
  const std::size_t size = first.size() + second.size();
  if (size == 0) return;
  if (!blocked_ && unsent_bytes() + size > kGatherMaxBytes) return write_now(first, second);
  append(first);
  append(second);
}

void Connection::write_now(std::string_view first, std::string_view second) {
  flush();
  if (dead_) return;
  if (!blocked_) {
    const StreamResult result = stream_.write_some(first, second);
    handle(result);
    if (dead_) return;
    const std::size_t of_first = std::min(result.bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(result.bytes - of_first);
  }
  append(first);
  append(second);
  if (!blocked_) flush();
}

void Connection::flush() {
  while (!dead_ && unsent_ != nullptr && unsent_bytes() != 0) {
    const StreamResult result = stream_.write_some(unsent_->rest());
    handle(result);
    if (result.status != StreamStatus::kOk) return;
    advance_sent(result.bytes);
  }
}

// Notes how a write went.
void Connection::handle(StreamResult result) {
  switch (result.status) {
    case StreamStatus::kOk:
      if (blocked_) restart_ = true;
      blocked_ = false;
      if (counts_unread_) count_unread(false);
      return;
    case StreamStatus::kWantRead:
    case StreamStatus::kWantWrite:
      blocked_ = true;
      if (!counts_unread_) count_unread(true);
      return;
    case StreamStatus::kEnded:
    case StreamStatus::kFailed:
      return cut();
  }
}

void Connection::count_unread(bool does_not_read) {
  if (!does_not_read) {
    counts_unread_ = false;
    return host_.reads_again(*this);
  }
  counts_unread_ = host_.does_not_read(*this);
  if (counts_unread_) return;
  host_.metrics.refused(Refusal::kSlowReader);
  cut();
}

void Connection::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!unsent_) unsent_ = host_.borrow_buffer();
  unsent_->bytes.append(bytes);
}

void Connection::advance_sent(std::size_t bytes) {
  unsent_->sent += bytes;
  if (unsent_->rest().empty()) return host_.give_back(std::move(unsent_));
  if (unsent_->sent < unsent_->bytes.size() / 2) return;
  unsent_->bytes.erase(0, unsent_->sent);
  unsent_->sent = 0;
}

void Connection::finish() {
  finishing_ = true;
}

void Connection::cut() {
  if (dead_) return;
  dead_ = true;
  if (counts_unread_) count_unread(false);
  host_.loop.unwatch(stream_.fd());
  host_.deadlines.start(*this, Deadline::kNone, host_.loop.now());
  if (expects_proxy_) host_.take_proxy_bytes(*this);
  unsent_.reset();
  host_.retire(*this);
}

void Connection::settle() {
  if (in_event_ || dead_ || settling_) return;
  settling_ = true;
  host_.settle_at_round_end(*this);
}

void Connection::settle_now() {
  settling_ = false;
  if (in_event_ || dead_) return;
  if (!blocked_) flush();
  if (finishing_ && !finished_ && !dead_ && unsent_bytes() == 0) end_sending();
  if (dead_) return;
  update_watch();
  update_deadline();
}

void Connection::end_sending() {
  finished_ = true;
  if (ended_) return cut();
  stream_.finish();
}

bool Connection::wants_read() const {
  return !ended_ && (expects_proxy_ || shaking_hands_ || finishing_ || mode_->wants_bytes());
}

void Connection::update_watch() {
  const bool want_write = blocked_;
  // A mode that wants no bytes will want them again soon: the watch changes only if bytes do come meanwhile.
  if (wants_read()) unread_ = false;
  const bool want_read = !ended_ && !unread_;
  if (want_read == watch_read_ && want_write == watch_write_) return;
  watch_read_ = want_read;
  watch_write_ = want_write;
  host_.loop.rewatch(stream_.fd(), *this, want_write, want_read);
}

void Connection::update_deadline() {
  const bool opening = expects_proxy_ || shaking_hands_;
  Deadline due = opening ? Deadline::kHandshake : mode_->deadline();
  if (finishing_) due = Deadline::kClose;
  if (blocked_ && !opening && (finishing_ || due != Deadline::kClose)) due = Deadline::kWrite;
  if (due != deadline_kind() || restart_) host_.wait_for(*this, due);
  restart_ = false;
}

void Connection::renew_deadline() {
  host_.deadlines.renew(*this, host_.loop.now());
}

void Connection::on_deadline(Deadline kind) {
  if (kind == Deadline::kWrite) host_.metrics.refused(Refusal::kSlowReader);
  const bool opening = expects_proxy_ || shaking_hands_;
  if (opening) host_.metrics.refused(expects_proxy_ ? Refusal::kProxyHeader : Refusal::kTlsHandshake);
  if (kind == Deadline::kWrite || kind == Deadline::kClose || opening) return cut();
  mode_->on_deadline(kind);
  settle();
}

}  // namespace herald::transport
