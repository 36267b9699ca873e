#include "transport/http.h"

#include <algorithm>

#include "base/check.h"
#include "transport/http_field.h"

namespace herald::transport {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// application/x-www-form-urlencoded: '+' is a space.
std::optional<std::string> decode_query(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

HttpResponse typed_response(int status, std::string body, const char* type) {
  HttpResponse out;
  out.status = status;
  out.headers.emplace_back("Content-Type", type);
  out.body = std::move(body);
  return out;
}

bool matches(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return trim_field(value);
  }
  return std::nullopt;
}

std::size_t HttpRequest::header_count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(headers, [&](const auto& field) { return equals_ignoring_case(field.first, name); }));
}

std::optional<std::string> HttpRequest::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (decode_query(pair.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : decode_query(pair.substr(equals + 1));
  }
  return std::nullopt;
}

HttpResponse text_response(int status, std::string body) {
  return typed_response(status, std::move(body), "text/plain; charset=utf-8");
}

HttpResponse json_response(int status, std::string body) {
  return typed_response(status, std::move(body), "application/json");
}

HttpResponder::~HttpResponder() {
  if (const auto sink = sink_.lock()) sink->respond(token_, text_response(500, "Internal error\n"));
}

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
  if (this != &other) {
    HttpResponder replaced(std::move(*this));
    sink_ = std::move(other.sink_);
    token_ = other.token_;
  }
  return *this;
}

void HttpResponder::send(HttpResponse response) {
  const auto sink = std::exchange(sink_, {}).lock();
  if (sink) sink->respond(token_, std::move(response));
}

HttpStream HttpResponder::stream(HttpResponse head, HttpStreamEvents events) {
  const auto sink = std::exchange(sink_, {}).lock();
  if (!sink) return {};
  return {sink->begin_stream(token_, std::move(head), std::move(events)), token_};
}

std::weak_ptr<HttpStream::Sink> HttpResponder::Sink::begin_stream(std::uint64_t token, HttpResponse /*head*/,
                                                                  HttpStreamEvents /*events*/) {
  respond(token, text_response(500, "Internal error\n"));
  return {};
}

void HttpRouter::add(std::string prefix, HttpHandler& handler) {
  HERALD_CHECK(prefix.starts_with('/'), "a route starts with '/'");
  // Longest first; the order of equals does not matter, since the first of them takes all.
  const auto shorter =
      std::ranges::find_if(routes_, [&](const auto& route) { return route.first.size() < prefix.size(); });
  routes_.emplace(shorter, std::move(prefix), &handler);
}

void HttpRouter::on_request(const HttpRequest& request, HttpResponder responder) {
  if (HttpHandler* handler = handler_of(request.path)) return handler->on_request(request, std::move(responder));
  responder.send(text_response(404, "Not found\n"));
}

std::uint64_t HttpRouter::body_max_bytes(std::string_view path) const {
  const HttpHandler* handler = handler_of(path);
  return handler != nullptr ? handler->body_max_bytes(path) : 0;
}

HttpHandler* HttpRouter::handler_of(std::string_view path) const {
  const auto route = std::ranges::find_if(routes_, [&](const auto& entry) { return matches(path, entry.first); });
  return route != routes_.end() ? route->second : nullptr;
}

}  // namespace herald::transport
