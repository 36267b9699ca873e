#include "transport/client_response.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "transport/http_field.h"

namespace herald::transport {
namespace {

constexpr std::size_t kHeadMaxBytes = 64 * 1024;
constexpr std::uint64_t kFramingMaxBytes = 64 * 1024;
constexpr int kSwitchingProtocols = 101;
constexpr int kNoContent = 204;
constexpr int kNotModified = 304;

std::unexpected<Error> not_http(std::string_view why) {
  return fail(ErrorKind::kInvalid, "the answer is not HTTP: " + std::string(why));
}

std::unexpected<Error> too_big() {
  return fail(ErrorKind::kTooLarge, "the answer is too big");
}

bool is_interim(int status) {
  return status / 100 == 1 && status != kSwitchingProtocols;
}

bool never_has_body(int status) {
  return status / 100 == 1 || status == kNoContent || status == kNotModified;
}

// Takes the next line, without its CRLF, from the front of `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), line.size() + 2));
  return line;
}

// All digits, and in range.
template <class Number>
std::optional<Number> parse_digits(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text[0] == '-') return std::nullopt;
  return number;
}

// "HTTP/1.1 200 OK"; the reason may be missing (RFC 9112 §4).
Result<int> parse_status_line(std::string_view line) {
  constexpr std::size_t kCodeAt = 9;
  constexpr std::size_t kCodeEnd = 12;
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return not_http("no status line");
  const auto code = parse_digits<int>(line.substr(kCodeAt, kCodeEnd - kCodeAt));
  if (!code || *code < 100 || *code > 999) return not_http("no status code");
  if (line.size() > kCodeEnd && line[kCodeEnd] != ' ') return not_http("no status code");
  return *code;
}

Result<ClientResponse> parse_head(std::string_view head) {
  ClientResponse out;
  const auto status = parse_status_line(take_line(head));
  if (!status) return std::unexpected(status.error());
  out.status = *status;
  while (!head.empty()) {
    const std::string_view line = take_line(head);
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view value = trim_field(line.substr(std::min(colon + 1, line.size())));
    if (colon == line.size() || !is_token(line.substr(0, colon)) || !is_field_value(value))
      return not_http("a header is malformed");
    out.headers.emplace_back(line.substr(0, colon), value);
  }
  return out;
}

std::ptrdiff_t count_headers(const ClientResponse& response, std::string_view name) {
  return std::ranges::count_if(response.headers,
                               [name](const auto& header) { return equals_ignoring_case(header.first, name); });
}

}  // namespace

ClientResponseParser::ClientResponseParser(bool to_head, std::uint64_t body_max_bytes)
    : body_max_bytes_(body_max_bytes), to_head_(to_head) {}

Result<bool> ClientResponseParser::consume(std::string_view bytes) {
  pending_.append(bytes);
  while (!pending_.empty() && part_ != Part::kComplete) {
    const std::size_t before = pending_.size();
    const Status consumed = part_ == Part::kHead ? consume_head() : consume_body();
    if (!consumed) return std::unexpected(consumed.error());
    if (pending_.size() == before) break;
  }
  return part_ == Part::kComplete;
}

Status ClientResponseParser::consume_head() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = pending_.find(kEnd, looked_at_);
  const bool whole = end != std::string::npos;
  if (whole ? end + kEnd.size() > kHeadMaxBytes : pending_.size() >= kHeadMaxBytes)
    return not_http("its header is too long");
  if (!whole) {
    looked_at_ = pending_.size() - std::min(pending_.size(), kEnd.size() - 1);
    return {};
  }
  auto head = parse_head(std::string_view(pending_).substr(0, end));
  if (!head) return std::unexpected(head.error());
  pending_.erase(0, end + kEnd.size());
  looked_at_ = 0;
  if (is_interim(head->status)) return {};
  response_ = std::move(*head);
  const auto form = body_form();
  if (!form) return std::unexpected(form.error());
  part_ = *form;
  if (part_ == Part::kChunkedBody) chunks_.emplace(body_max_bytes_, kFramingMaxBytes);
  if (part_ != Part::kSizedBody) return {};
  missing_bytes_ = *parse_digits<std::uint64_t>(*response_.header("Content-Length"));
  if (missing_bytes_ > body_max_bytes_) return too_big();
  if (missing_bytes_ == 0) part_ = Part::kComplete;
  return {};
}

// RFC 9112 §6.3. What says where the body ends must be said once only.
Result<ClientResponseParser::Part> ClientResponseParser::body_form() const {
  if (to_head_ || never_has_body(response_.status)) return Part::kComplete;
  const auto codings = count_headers(response_, "Transfer-Encoding");
  const auto lengths = count_headers(response_, "Content-Length");
  if (codings + lengths > 1) return not_http("the body's length is given more than once");
  if (codings == 1) {
    if (!equals_ignoring_case(*response_.header("Transfer-Encoding"), "chunked")) return not_http("unknown coding");
    return Part::kChunkedBody;
  }
  if (lengths == 0) return Part::kBodyUntilEnd;
  if (!parse_digits<std::uint64_t>(*response_.header("Content-Length"))) return not_http("the length is no number");
  return Part::kSizedBody;
}

Status ClientResponseParser::consume_body() {
  if (part_ == Part::kChunkedBody) return consume_chunks();
  if (part_ == Part::kBodyUntilEnd) {
    if (pending_.size() > body_max_bytes_ - response_.body.size()) return too_big();
    move_to_body(pending_.size());
    return {};
  }
  const std::uint64_t got = std::min<std::uint64_t>(missing_bytes_, pending_.size());
  move_to_body(got);
  missing_bytes_ -= got;
  if (missing_bytes_ == 0) part_ = Part::kComplete;
  return {};
}

Status ClientResponseParser::consume_chunks() {
  const auto progress = chunks_->feed(pending_, response_.body);
  switch (progress.state) {
    case HttpChunks::State::kNeedMore:
      pending_.clear();
      return {};
    case HttpChunks::State::kComplete:
      pending_.erase(0, progress.consumed);
      part_ = Part::kComplete;
      return {};
    case HttpChunks::State::kBodyTooBig:
      return too_big();
    default:
      return not_http("a chunk is malformed");
  }
}

void ClientResponseParser::move_to_body(std::uint64_t bytes) {
  response_.body.append(pending_, 0, bytes);
  pending_.erase(0, bytes);
}

Status ClientResponseParser::end() {
  if (part_ == Part::kBodyUntilEnd) part_ = Part::kComplete;
  if (part_ == Part::kComplete) return {};
  return fail(ErrorKind::kUnavailable, "the connection ended before the answer was complete");
}

ClientResponse ClientResponseParser::take_response() {
  return std::exchange(response_, {});
}

std::string ClientResponseParser::take_rest() {
  return std::exchange(pending_, {});
}

std::optional<std::string_view> ClientResponse::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [name](const auto& header) { return equals_ignoring_case(header.first, name); });
  if (found == headers.end()) return std::nullopt;
  return trim_field(found->second);
}

}  // namespace herald::transport
