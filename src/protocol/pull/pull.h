#pragma once
// /pull of the 2012 flow: GET and POST with acks (docs/protocols.md).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "domain/ids.h"

namespace herald::protocol::pull {

struct PullRequest {
  std::string uatoken;  // empty: none
  std::vector<MessageId> acks;
};

struct Rejection {
  int status = 400;
  std::string body;
  std::string_view metric;
};

// `authorization`: the header's value; `query_token`: ?token=; `body`: of a POST, may be empty. The header wins, then
// the query, then data.uatoken. 400: the body is not JSON or `ack` is not an array of strings. 413: too many acks. An
// id that is none is ignored.
[[nodiscard]] std::expected<PullRequest, Rejection> parse_pull(std::string_view method,
                                                               std::optional<std::string_view> authorization,
                                                               std::optional<std::string_view> query_token,
                                                               std::string_view body, const Limits& limits);

}  // namespace herald::protocol::pull
