#pragma once
// Entity tags and If-None-Match (RFC 9110 §8.8.3, §13.1.2).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/http.h"

namespace herald::transport {

// The value of If-None-Match, parsed. It owns its text, so it may outlive the request.
class IfNoneMatch {
 public:
  // Matches no tag.
  IfNoneMatch() = default;
  // `value`: one field value, or several joined by commas. A value that is not of the grammar matches nothing: a client
  // then gets the whole answer.
  [[nodiscard]] static IfNoneMatch parse(std::string_view value);
  // All fields of that name in `request`, as one list (RFC 9110 §5.3).
  [[nodiscard]] static IfNoneMatch of(const HttpRequest& request);

  // True if the list names `etag`, by weak comparison, or is "*". `etag` is the server's own tag, with quotes, and is
  // strong. A list matches too if it names the tag of a compressed form, as intermediaries make it: Apache's
  // mod_deflate and Caddy append "-gzip" (or "-br", "-zstd") inside the quotes, Jetty "--gzip".
  [[nodiscard]] bool matches(std::string_view etag) const;
  // True if there was none, or none of the grammar.
  [[nodiscard]] bool empty() const { return !any_ && opaque_tags_.empty(); }

 private:
  bool any_ = false;
  std::vector<std::string> opaque_tags_;  // without W/ and quotes
};

}  // namespace herald::transport
