#include "protocol/app_server/webpush/refusal.h"

#include <array>
#include <utility>

#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::protocol::webpush {

namespace {

constexpr std::string_view kMoreInfo = "https://www.rfc-editor.org/rfc/rfc8030";

// The reason phrases of RFC 9110 for what is answered here.
std::string_view phrase_of(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 11> kPhrases{{{400, "Bad Request"},
                                                                       {401, "Unauthorized"},
                                                                       {404, "Not Found"},
                                                                       {405, "Method Not Allowed"},
                                                                       {410, "Gone"},
                                                                       {413, "Content Too Large"},
                                                                       {429, "Too Many Requests"},
                                                                       {500, "Internal Server Error"},
                                                                       {502, "Bad Gateway"},
                                                                       {503, "Service Unavailable"},
                                                                       {504, "Gateway Timeout"}}};
  for (const auto& [known, phrase] : kPhrases) {
    if (known == status) return phrase;
  }
  return "Error";
}

}  // namespace

std::string error_body(const Refusal& refusal) {
  std::string out = R"({"code":)" + std::to_string(refusal.status) + R"(,"errno":)";
  out += refusal.number ? std::to_string(static_cast<int>(*refusal.number)) : "null";
  out += R"(,"error":)";
  append_json_string(out, phrase_of(refusal.status));
  out += R"(,"message":)";
  append_json_string(out, refusal.message);
  out += R"(,"more_info":)";
  append_json_string(out, kMoreInfo);
  out.push_back('}');
  return out;
}

}  // namespace herald::protocol::webpush
