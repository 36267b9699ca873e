#include "base/limit_pairs.h"

#include <algorithm>

namespace herald {

namespace {

// What stands around the values in a frame, a body or a header.
constexpr std::uint64_t kFrameBytes = 256;
constexpr std::uint64_t kHeaderBytes = 512;
// A SimplePush channel's name, at most, with quotes and a comma.
constexpr std::uint64_t kListedChannelBytes = 131;
// The reply to the registration of a channel, with its URL.
constexpr std::uint64_t kRegisteredReplyBytes = 640;
// A message id in JSON, with quotes and a comma.
constexpr std::uint64_t kListedIdBytes = 35;
// What may wait on a WebSocket before a further notification is written, and what stands around that one.
constexpr std::uint64_t kUnsentBytes = 65'536;
constexpr std::uint64_t kDeliveryBytes = 8'192;

// The base64 of the PEM text (lines of 64) of an RSA key.
std::uint64_t rsa_key_bytes(std::uint64_t bits) {
  const std::uint64_t der = bits / 8 + 38;
  const std::uint64_t pem = der * 4 / 3 * 65 / 64 + 60;
  return pem * 4 / 3 + 4;
}

struct Rule {
  std::string_view limit;
  std::uint64_t Limits::* member;
  std::uint64_t (*least)(const Limits& limits);
  std::string_view reason;
};

constexpr Rule kRules[] = {
    {"simplepush_hello_max_bytes", &Limits::simplepush_hello_max_bytes,
     [](const Limits& l) { return l.apps_per_device * kListedChannelBytes + l.uatoken_max_bytes + kFrameBytes; },
     "a SimplePush hello lists up to apps_per_device channels"},
    {"websocket_message_max_bytes", &Limits::websocket_message_max_bytes,
     [](const Limits& l) { return l.uatoken_max_bytes + l.watoken_max_bytes + l.public_key_max_bytes + kFrameBytes; },
     "a registration holds up to uatoken_max_bytes, watoken_max_bytes and public_key_max_bytes"},
    {"public_key_max_bytes", &Limits::public_key_max_bytes,
     [](const Limits& l) { return rsa_key_bytes(l.rsa_min_bits); }, "an RSA key of rsa_min_bits is as long"},
    {"http_body_max_bytes", &Limits::http_body_max_bytes,
     [](const Limits& l) { return l.message_max_bytes + l.sender_id_max_bytes + kFrameBytes; },
     "a notification holds up to message_max_bytes and sender_id_max_bytes"},
    {"http_body_max_bytes", &Limits::http_body_max_bytes, [](const Limits& l) { return l.webpush_message_max_bytes; },
     "webpush_message_max_bytes arrive in one body"},
    {"http_body_max_bytes", &Limits::http_body_max_bytes,
     [](const Limits& l) { return l.acks_per_pull * kListedIdBytes + l.uatoken_max_bytes + kFrameBytes; },
     "one POST /pull lists up to acks_per_pull ids"},
    {"acks_per_pull", &Limits::acks_per_pull, [](const Limits& l) { return l.pull_page; },
     "a device acks the pull_page notifications of an answer at once"},
    {"http_header_max_bytes", &Limits::http_header_max_bytes,
     [](const Limits& l) { return l.uatoken_max_bytes + kHeaderBytes; },
     "a pull holds up to uatoken_max_bytes in a header"},
    {"http_header_max_bytes", &Limits::http_header_max_bytes,
     [](const Limits& l) { return 3 * l.sender_id_max_bytes + kFrameBytes; },
     "the URL of a receipt holds up to sender_id_max_bytes, each as %XX"},
    {"send_buffer_max_bytes", &Limits::send_buffer_max_bytes,
     [](const Limits& l) { return kUnsentBytes + kDeliveryBytes + l.http_body_max_bytes; },
     "a notification of http_body_max_bytes is written behind 65536 bytes that wait"},
    {"send_buffer_max_bytes", &Limits::send_buffer_max_bytes,
     [](const Limits& l) { return kUnsentBytes + kDeliveryBytes + l.webpush_message_max_bytes * 4 / 3; },
     "a message of webpush_message_max_bytes is written in base64 behind 65536 bytes that wait"},
    {"send_buffer_max_bytes", &Limits::send_buffer_max_bytes,
     [](const Limits& l) { return l.apps_per_device * kRegisteredReplyBytes; },
     "a SimplePush hello is answered with up to apps_per_device registrations"},
    {"unacked_per_device", &Limits::unacked_per_device, [](const Limits& l) { return l.unacked_window; },
     "one app may have unacked_window"},
    {"unacked_per_device", &Limits::unacked_per_device, [](const Limits& l) { return l.webpush_unacked_window; },
     "one subscription may have webpush_unacked_window"},
    {"ping_retry_most_ms", &Limits::ping_retry_most_ms, [](const Limits& l) { return l.ping_retry_first_ms; },
     "the waits begin with ping_retry_first_ms"},
    {"broker_retry_most_ms", &Limits::broker_retry_most_ms, [](const Limits& l) { return l.broker_retry_first_ms; },
     "the waits begin with broker_retry_first_ms"},
    {"receipt_wait_ms", &Limits::receipt_wait_ms, [](const Limits& l) { return l.receipt_check_ms; },
     "a waiting GET looks every receipt_check_ms"},
    {"mongodb_waiting_max", &Limits::mongodb_waiting_max, [](const Limits& l) { return l.mongodb_batch_max; },
     "a batch of mongodb_batch_max must be able to gather"},
    {"lease_ms", &Limits::lease_ms, [](const Limits& l) { return 2 * l.lease_renew_ms; },
     "it must outlast a renewal that fails, and lease_renew_ms is the time between two"},
};

}  // namespace

std::vector<LimitConflict> limit_conflicts(const Limits& limits) {
  std::vector<LimitConflict> conflicts;
  for (const Rule& rule : kRules) {
    const std::uint64_t least = rule.least(limits);
    if (limits.*rule.member >= least) continue;
    conflicts.push_back(
        {rule.limit, "must be at least " + std::to_string(least) + ", since " + std::string(rule.reason)});
  }
  return conflicts;
}

}  // namespace herald
