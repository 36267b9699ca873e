#include <algorithm>

#include "base/origin.h"
#include "transport/client.h"

namespace herald::transport {
namespace {

// What may stand in a request line: visible ASCII.
bool is_target(std::string_view target) {
  return std::ranges::all_of(target, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  const auto origin = Origin::parse(text);
  if (!origin) return std::unexpected(origin.error());
  Url url{.scheme = origin->scheme, .host = origin->host, .port = origin->port, .target = {}};
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  url.target = text.substr(Origin::end_in(text));
  url.target = url.target.substr(0, url.target.find('#'));
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (!is_target(url.target)) return fail(ErrorKind::kInvalid, "the URL has a character that must be percent-encoded");
  return url;
}

std::string Url::authority() const {
  return Origin{scheme, host.contains(':') ? "[" + host + "]" : host, port}.authority();
}

std::string Url::origin() const {
  return scheme + "://" + authority();
}

}  // namespace herald::transport
