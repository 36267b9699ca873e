#include "app/token_key_owner.h"

#include <span>
#include <string_view>

#include "base/crypto.h"
#include "base/encoding.h"

namespace herald::app {

namespace {

constexpr std::string_view kNote = "token keys";
constexpr std::size_t kFingerprintBytes = 16;

using Checked = std::expected<void, Failure>;

std::unexpected<Failure> unreadable(const Error& error) {
  return std::unexpected(
      Failure{ExitCode::kDataUnusable, "the store can't say whose token keys it knows: " + error.message});
}

// `what` is wrong with the keys of `file`.
Checked decide(Stores& stores, const std::string& what, const std::string& file, MissingData missing, Log& log) {
  const auto devices = stores.has_devices();
  if (!devices) return unreadable(devices.error());
  if (!*devices) return {};
  if (missing == MissingData::kAccept) {
    log.warning("token keys replaced; every device and subscription must register again", {{"file", file}});
    return {};
  }
  return std::unexpected(Failure{
      ExitCode::kDataDamaged, "token keys: " + file + " " + what +
                                  ", but the database knows devices; with other keys every device and subscription is "
                                  "locked out. Restore that file from a backup, or start once with --missing-data "
                                  "accept to go on with other keys"});
}

bool contains_line(std::string_view lines, std::string_view line) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    if (lines.substr(0, end) == line) return true;
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return false;
}

bool share_a_key(std::string_view noted, const TokenKeys& keys) {
  for (const auto& key : keys) {
    const std::string line = fingerprints({key});
    if (contains_line(noted, std::string_view(line).substr(0, line.size() - 1))) return true;
  }
  return false;
}

}  // namespace

std::string fingerprints(const TokenKeys& keys) {
  std::string lines;
  for (const auto& key : keys) {
    const auto hash = hmac_sha256(key, as_bytes("herald token key fingerprint"));
    lines += to_hex(std::span(hash).first(kFingerprintBytes)) + "\n";
  }
  return lines;
}

Checked may_make_keys(Stores& stores, const std::string& file, MissingData missing, Log& log) {
  return decide(stores, "is missing", file, missing, log);
}

Checked check_owner(Stores& stores, const TokenKeys& keys, const std::string& file, MissingData missing, Log& log) {
  const auto noted = stores.note(kNote);
  if (!noted) return unreadable(noted.error());
  if (!noted->empty() && !share_a_key(*noted, keys)) {
    auto decided = decide(stores, "holds none of the keys that the database was used with", file, missing, log);
    if (!decided) return decided;
  }
  const std::string ours = fingerprints(keys);
  if (*noted == ours) return {};
  if (const Status set = stores.set_note(kNote, ours); !set) {
    log.warning("the store did not note the token keys; the next start will", {{"reason", set.error().message}});
  }
  return {};
}

}  // namespace herald::app
