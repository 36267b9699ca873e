#include "transport/client_request.h"

#include <algorithm>

#include "transport/http_field.h"

namespace herald::transport {
namespace {

constexpr std::string_view kUserAgent = "herald";

bool has(const ClientHeaders& headers, std::string_view name) {
  return std::ranges::any_of(headers, [name](const auto& header) { return equals_ignoring_case(header.first, name); });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void add_unless_given(ClientHeaders& headers, std::string_view name, std::string value) {
  if (!has(headers, name)) headers.emplace_back(name, std::move(value));
}

Result<std::string> format_request_head(std::string_view method, const Url& url, const ClientHeaders& headers) {
  if (!is_token(method)) return fail(ErrorKind::kInvalid, "the request's method is not a word");
  std::string out;
  out.append(method).append(" ").append(url.target).append(" HTTP/1.1\r\n");
  if (!has(headers, "Host")) append_header(out, "Host", url.authority());
  if (!has(headers, "User-Agent")) append_header(out, "User-Agent", kUserAgent);
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || !is_field_value(value))
      return fail(ErrorKind::kInvalid, "the header \"" + name + "\" is not valid");
    append_header(out, name, value);
  }
  return out.append("\r\n");
}

}  // namespace herald::transport
