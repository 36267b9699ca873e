#include "transport/client_response.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "transport/http_field.h"

namespace herald::transport {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kHeadMaxBytes = 64 * 1024;
constexpr int kSwitchingProtocols = 101;

Error translate(const boost::system::error_code& error) {
  if (error == http::error::body_limit) return {ErrorKind::kTooLarge, "the answer is too big"};
  if (error == http::error::partial_message || error == http::error::end_of_stream)
    return {ErrorKind::kUnavailable, "the connection ended before the answer was complete"};
  return {ErrorKind::kInvalid, "the answer is not HTTP: " + error.message()};
}

bool is_interim(int status) {
  return status / 100 == 1 && status != kSwitchingProtocols;
}

}  // namespace

struct ClientResponseParser::Parser {
  Parser(bool to_head, std::uint64_t body_max_bytes) {
    http.eager(true);
    http.skip(to_head);
    http.header_limit(kHeadMaxBytes);
    http.body_limit(body_max_bytes);
  }
  http::response_parser<http::string_body> http;
};

ClientResponseParser::ClientResponseParser(bool to_head, std::uint64_t body_max_bytes)
    : parser_(std::make_unique<Parser>(to_head, body_max_bytes)), body_max_bytes_(body_max_bytes), to_head_(to_head) {}
ClientResponseParser::~ClientResponseParser() = default;

Result<bool> ClientResponseParser::consume(std::string_view bytes) {
  pending_.append(bytes);
  while (!pending_.empty() && !parser_->http.is_done()) {
    boost::system::error_code error;
    const std::size_t used = parser_->http.put(boost::asio::buffer(pending_), error);
    pending_.erase(0, used);
    if (error == http::error::need_more) return false;
    if (error) return std::unexpected(translate(error));
    if (parser_->http.is_done() && is_interim(parser_->http.get().result_int()))
      parser_ = std::make_unique<Parser>(to_head_, body_max_bytes_);
  }
  return parser_->http.is_done();
}

Status ClientResponseParser::end() {
  boost::system::error_code error;
  if (!parser_->http.got_some()) error = http::error::end_of_stream;
  if (!error) parser_->http.put_eof(error);
  if (error) return std::unexpected(translate(error));
  return {};
}

ClientResponse ClientResponseParser::take_response() {
  auto message = parser_->http.release();
  ClientResponse out;
  out.status = static_cast<int>(message.result_int());
  for (const auto& field : message) out.headers.emplace_back(field.name_string(), field.value());
  out.body = std::move(message.body());
  return out;
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
