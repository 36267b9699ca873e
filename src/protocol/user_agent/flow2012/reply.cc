#include <cstdint>

#include "base/crypto.h"
#include "base/json_string.h"
#include "protocol/json.h"
#include "protocol/user_agent/flow2012/frame.h"

namespace herald::protocol::flow2012 {

std::string reply_registered_ua(Spelling spelling) {
  return spelling == Spelling::kSlash ? "OK" : R"({"status":"REGISTERED","messageType":"registerUA"})";
}

std::string reply_registered_wa(Spelling /*spelling*/, std::string_view url) {
  return std::string(url);
}

std::string reply_unregistered_wa(Spelling spelling, std::string_view url) {
  if (spelling == Spelling::kSlash) return "OK";
  std::string out = R"({"status":"UNREGISTERED","url":)";
  append_json_string(out, url);
  out += R"(,"messageType":"unregisterWA"})";
  return out;
}

std::string_view error_token_not_accepted() {
  return R"({ "error": "Token received is not accepted. Please get a valid one" })";
}

std::string_view error_could_not_add_ua() {
  return R"({ "error" : "Could not add UAtoken" })";
}

std::string_view error_could_not_add_wa() {
  return R"({ "error": "Could not add WA" })";
}

std::string_view error_not_json() {
  return R"({ "error": "Data received is not a valid JSON package" })";
}

std::string_view error_no_subprotocol() {
  return R"({ "error": "The WebSocket subprotocol push-notification is required" })";
}

std::string_view error_binary() {
  return R"({ "error": "Binary messages not yet supported" })";
}

std::string_view error_not_registered() {
  return R"({ "error": "No UAToken found for this connection !" })";
}

namespace {

// Base64 of the beginning of a PEM text: "-----BEGIN ".
constexpr std::string_view kKeyBegins = "LS0tLS1CRUdJTi";

// True if the text of a watoken and its key, joined, tells where the key begins: at the only kKeyBegins, or nowhere if
// there is none. A NUL is left to the app ids of other generations (protocol/subscription/subscription.h).
bool reads_one_way(std::string_view joined, std::string_view key) {
  if (joined.find('\0') != std::string_view::npos) return false;
  const auto at = joined.find(kKeyBegins);
  if (at == std::string_view::npos) return key.empty();
  return at == joined.size() - key.size() && joined.find(kKeyBegins, at + 1) == std::string_view::npos;
}

// No joined text begins so: FF is no UTF-8.
std::string separated(std::string_view watoken, std::string_view key) {
  std::string out =
      "\xff"
      "app";
  const auto size = static_cast<std::uint32_t>(watoken.size());
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(size >> shift & 0xFF));
  return out.append(watoken).append(key);
}

}  // namespace

AppId app_id(std::string_view watoken, std::string_view pbkbase64) {
  std::string joined(watoken);
  joined += pbkbase64;
  if (reads_one_way(joined, pbkbase64)) return AppId{sha256(as_bytes(joined))};
  return AppId{sha256(as_bytes(separated(watoken, pbkbase64)))};
}

std::string notify_url(std::string_view public_url, const AppId& app) {
  while (public_url.ends_with('/')) public_url.remove_suffix(1);
  std::string out(public_url);
  out += "/notify/";
  out += app.hex();
  return out;
}

}  // namespace herald::protocol::flow2012
