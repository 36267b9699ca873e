#include "transport/http_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <optional>
#include <string>

#include "base/check.h"
#include "transport/http_chunks.h"
#include "transport/http_field.h"
#include "transport/http_header_end.h"
#include "transport/http_target.h"

namespace herald::transport {

namespace {

namespace beast_http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastText = boost::beast::string_view;

constexpr std::size_t kKeptBufferBytes = 16 * 1024;

std::string_view view(BeastText text) {
  return {text.data(), text.size()};
}

// Fills an HttpRequest with what Beast finds in the header. Bodies are not its business.
class Reader final : public beast_http::basic_parser<true> {
 public:
  explicit Reader(HttpRequest& request) : request_(request) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

 private:
  void on_request_impl(beast_http::verb /*verb*/, BeastText method, BeastText target, int version,
                       BeastError& /*error*/) override {
    request_.method = view(method);
    request_.target = view(target);
    request_.version = version;
  }
  void on_field_impl(beast_http::field /*field*/, BeastText name, BeastText value, BeastError& /*error*/) override {
    request_.headers.emplace_back(view(name), view(value));
  }
  std::size_t on_chunk_body_impl(std::uint64_t /*remaining*/, BeastText data, BeastError& /*error*/) override {
    return data.size();
  }
  std::size_t on_body_impl(BeastText data, BeastError& /*error*/) override { return data.size(); }
  void on_response_impl(int /*code*/, BeastText /*reason*/, int /*version*/, BeastError& /*error*/) override {}
  void on_header_impl(BeastError& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, BeastError& /*error*/) override {}
  void on_chunk_header_impl(std::uint64_t /*size*/, BeastText /*extensions*/, BeastError& /*error*/) override {}
  void on_finish_impl(BeastError& /*error*/) override {}

  HttpRequest& request_;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The request line ends in a version, and it is not of HTTP/1.
bool names_another_version(std::string_view header) {
  constexpr std::size_t kVersionBytes = 8;  // HTTP/1.1
  const std::string_view line = header.substr(0, header.find("\r\n"));
  if (line.size() < kVersionBytes) return false;
  const std::string_view version = line.substr(line.size() - kVersionBytes);
  if (version.starts_with("HTTP/1.")) return false;
  return version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
}

HttpParser::Failure explain(BeastError error, std::string_view header) {
  if (error == beast_http::error::bad_version && names_another_version(header)) {
    return {505, "Only HTTP/1 is spoken here"};
  }
  return {400, "Bad request"};
}

HttpParser::Failure explain(HttpChunks::State state) {
  if (state == HttpChunks::State::kBodyTooBig) return {413, "Body too big"};
  if (state == HttpChunks::State::kFramingTooBig) return {431, "Trailer too big"};
  return {400, "Bad chunk"};
}

using MaybeFailure = std::optional<HttpParser::Failure>;

// What says where the body ends must be said once and one way only (RFC 9112 §6.3, §11.2).
MaybeFailure check_framing(const HttpRequest& request) {
  const auto lengths = request.header_count("Content-Length");
  const auto codings = request.header_count("Transfer-Encoding");
  if (lengths + codings > 1) return HttpParser::Failure{400, "The body's length is given more than once"};
  if (codings == 1) {
    if (request.version < 11) return HttpParser::Failure{400, "HTTP/1.0 has no Transfer-Encoding"};
    const auto coding = request.header("Transfer-Encoding");
    if (!equals_ignoring_case(*coding, "chunked")) return HttpParser::Failure{501, "Unknown Transfer-Encoding"};
    return std::nullopt;
  }
  if (lengths == 1 && request.header("Content-Length")->contains(',')) {
    return HttpParser::Failure{400, "The body's length is given more than once"};
  }
  return std::nullopt;
}

MaybeFailure check_fields(const HttpRequest& request) {
  const auto hosts = request.header_count("Host");
  if (hosts > 1 || (hosts == 0 && request.version >= 11)) return HttpParser::Failure{400, "One Host is required"};
  const std::string_view host = request.header("Host").value_or("");
  if (!host.empty() && !is_authority(host)) return HttpParser::Failure{400, "Host is not a host with, perhaps, a port"};
  const auto expect = request.header("Expect");
  if (expect && request.version >= 11 && !equals_ignoring_case(*expect, "100-continue")) {
    return HttpParser::Failure{417, "Unknown expectation"};
  }
  return std::nullopt;
}

// Where the digit of a minor version of HTTP/1 stands that is later than 1; npos: it is not.
std::size_t later_minor_version(std::string_view header) {
  constexpr std::string_view kMajor = "HTTP/1.";
  const std::size_t line = std::min(header.find("\r\n"), header.size());
  if (line <= kMajor.size() || header.substr(line - 1 - kMajor.size(), kMajor.size()) != kMajor) return header.npos;
  const char minor = header[line - 1];
  return minor > '1' && minor <= '9' ? line - 1 : header.npos;
}

void empty(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBufferBytes) buffer.shrink_to_fit();
}

}  // namespace

class HttpParser::Impl {
 public:
  Impl(std::uint64_t header_max_bytes, BodyMaxBytes body_max_bytes)
      : header_max_bytes_(header_max_bytes), body_max_bytes_(std::move(body_max_bytes)) {}

  Progress feed(std::string_view bytes) {
    switch (phase_) {
      case Phase::kHeader:
        return feed_header(bytes);
      case Phase::kSized:
        return feed_sized(bytes, 0);
      case Phase::kChunked:
        return feed_chunked(bytes, 0);
      case Phase::kDone:
        break;
    }
    HERALD_CHECK(false, "bytes were fed to a finished parser");
  }

  void reset() {
    phase_ = Phase::kHeader;
    auto fields = std::move(request_.headers);
    fields.clear();
    request_ = {};
    request_.headers = std::move(fields);
    header_end_.reset();
    chunks_.reset();
    failure_ = {};
    keep_alive_ = expects_continue_ = body_began_ = false;
    remaining_ = 0;
    for (auto* buffer : {&header_, &path_, &body_}) empty(*buffer);
  }

  HttpRequest& request() { return request_; }
  [[nodiscard]] const Failure& failure() const { return failure_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool awaits_continue() const { return expects_continue_ && phase_ != Phase::kDone && !body_began_; }

 private:
  enum class Phase : std::uint8_t { kHeader, kSized, kChunked, kDone };

  Progress fail_with(Failure failure) {
    phase_ = Phase::kDone;
    failure_ = failure;
    return {State::kFailed, 0};
  }

  Progress complete(std::size_t consumed) {
    phase_ = Phase::kDone;
    return {State::kComplete, consumed};
  }

  Progress feed_header(std::string_view bytes) {
    const std::size_t kept = header_.size();
    if (kept != 0) header_.append(bytes);
    const std::string_view header = kept != 0 ? std::string_view(header_) : bytes;
    const std::size_t blank = leading_blank_lines(header);
    const auto found = header_end_.find(header.substr(blank));
    if (found.malformed) return fail_with({400, "Bad request"});
    if (blank + found.bytes > header_max_bytes_ || (!found.complete && header.size() >= header_max_bytes_)) {
      return fail_with(
          too_long(header.substr(blank, header_max_bytes_ - std::min<std::size_t>(blank, header_max_bytes_))));
    }
    if (!found.complete) {
      if (kept == 0) header_.assign(header.substr(blank));
      return {State::kNeedMore, bytes.size()};
    }
    if (auto failure = read_header(header.substr(blank, found.bytes))) return fail_with(*failure);
    const std::size_t consumed = blank + found.bytes - kept;
    return phase_ == Phase::kChunked ? feed_chunked(bytes.substr(consumed), consumed)
                                     : feed_sized(bytes.substr(consumed), consumed);
  }

  // What there is room for of a header that is too long: its request line may be what is.
  static Failure too_long(std::string_view header) {
    if (header.contains('\n') || !header.contains(' ')) return {431, "Header too big"};
    return {414, "Request target too long"};
  }

  // A later minor version is answered as the latest that is known (RFC 9110 §2.5). Beast knows 0 and 1 only.
  std::string_view with_known_version(std::string_view header) {
    const std::size_t digit = later_minor_version(header);
    if (digit == std::string_view::npos) return header;
    std::string copy(header);
    copy[digit] = '1';
    header_ = std::move(copy);
    return header_;
  }

  // CONNECT and other methods than a target's form allows are refused; the path gets its one form.
  MaybeFailure read_target() {
    const auto target = split_target(request_.method, request_.target);
    if (!target || !is_percent_encoded(target->path)) return Failure{400, "Bad request target"};
    if (target->form == RequestTarget::Form::kAuthority) return Failure{501, "No tunnels here"};
    request_.path = target->path;
    request_.query = target->query;
    if (target->form == RequestTarget::Form::kAsterisk || is_normal_path(request_.path)) return std::nullopt;
    path_ = normal_path(request_.path);
    request_.path = path_;
    return std::nullopt;
  }

  // Empty lines before a request are to be skipped (RFC 9112 §2.2).
  static std::size_t leading_blank_lines(std::string_view header) {
    std::size_t blank = 0;
    while (header.substr(blank).starts_with("\r\n")) blank += 2;
    return blank;
  }

  MaybeFailure read_header(std::string_view header) {
    Reader reader(request_);
    BeastError error;
    header = with_known_version(header);
    reader.put({header.data(), header.size()}, error);
    if (error) return explain(error, header);
    if (auto failure = read_target()) return failure;
    if (auto failure = check_fields(request_)) return failure;
    if (auto failure = check_framing(request_)) return failure;
    const std::uint64_t body_max_bytes = body_max_bytes_(request_.path);
    remaining_ = reader.chunked() ? 0 : reader.content_length_remaining().value_or(0);
    // After the framing: a body that is too big must not hide that its framing is wrong.
    if (remaining_ > body_max_bytes) return Failure{413, "Body too big"};
    keep_alive_ = reader.keep_alive();
    phase_ = reader.chunked() ? Phase::kChunked : Phase::kSized;
    if (reader.chunked()) chunks_.emplace(body_max_bytes, header_max_bytes_);
    expects_continue_ = request_.version >= 11 && request_.header("Expect").has_value() &&
                        (phase_ == Phase::kChunked || remaining_ != 0);
    return std::nullopt;
  }

  // `before`: how much of this feed came before `bytes`.
  Progress feed_sized(std::string_view bytes, std::size_t before) {
    const std::string_view part = bytes.substr(0, remaining_);
    remaining_ -= part.size();
    body_began_ = body_began_ || !part.empty();
    if (remaining_ == 0 && body_.empty()) {
      request_.body = part;
      return complete(before + part.size());
    }
    if (body_.empty()) keep_header();
    body_.append(part);
    if (remaining_ != 0) return {State::kNeedMore, before + part.size()};
    request_.body = body_;
    return complete(before + part.size());
  }

  Progress feed_chunked(std::string_view bytes, std::size_t before) {
    body_began_ = body_began_ || !bytes.empty();
    const auto progress = chunks_->feed(bytes, body_);
    if (progress.state == HttpChunks::State::kNeedMore) {
      keep_header();
      return {State::kNeedMore, before + bytes.size()};
    }
    if (progress.state != HttpChunks::State::kComplete) return fail_with(explain(progress.state));
    request_.body = body_;
    return complete(before + progress.consumed);
  }

  // Copies the header out of the caller's buffer, and makes the request point to the copy.
  void keep_header() {
    const std::string_view target = request_.target;
    const bool kept = target.data() >= header_.data() && target.data() < header_.data() + header_.size();
    if (kept) return;
    const char* const from = request_.method.data();
    const std::string_view last = request_.headers.empty() ? target : request_.headers.back().second;
    header_.assign(from, last.data() + last.size());
    const auto move = [&](std::string_view& text) {
      const bool inside = text.data() >= from && text.data() + text.size() <= last.data() + last.size();
      if (inside) text = {header_.data() + (text.data() - from), text.size()};
    };
    for (auto* text : {&request_.method, &request_.target, &request_.path, &request_.query}) move(*text);
    for (auto& [name, value] : request_.headers) {
      move(name);
      move(value);
    }
  }

  const std::uint64_t header_max_bytes_;
  const BodyMaxBytes body_max_bytes_;
  Phase phase_ = Phase::kHeader;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool body_began_ = false;
  HttpRequest request_;
  Failure failure_;
  HttpHeaderEnd header_end_;
  std::optional<HttpChunks> chunks_;
  std::uint64_t remaining_ = 0;  // bytes of a sized body
  std::string header_;           // if it is not complete, or if it must outlive the caller's buffer
  std::string path_;             // of the request, if it was sent in another form
  std::string body_;             // if it came in pieces
};

HttpParser::HttpParser(std::uint64_t header_max_bytes, BodyMaxBytes body_max_bytes)
    : impl_(std::make_unique<Impl>(header_max_bytes, std::move(body_max_bytes))) {}

HttpParser::HttpParser(std::uint64_t header_max_bytes, std::uint64_t body_max_bytes)
    : HttpParser(header_max_bytes, [body_max_bytes](std::string_view /*path*/) { return body_max_bytes; }) {}

HttpParser::~HttpParser() = default;

HttpParser::Progress HttpParser::feed(std::string_view bytes) {
  return impl_->feed(bytes);
}

HttpRequest& HttpParser::request() {
  return impl_->request();
}

HttpParser::Failure HttpParser::failure() const {
  return impl_->failure();
}

bool HttpParser::awaits_continue() const {
  return impl_->awaits_continue();
}

bool HttpParser::keep_alive() const {
  return impl_->keep_alive();
}

void HttpParser::reset() {
  impl_->reset();
}

}  // namespace herald::transport
