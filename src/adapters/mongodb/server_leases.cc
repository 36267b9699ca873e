#include "adapters/mongodb/server_leases.h"

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"

namespace herald::adapters::mongodb {

namespace {

// The lease's document if it may be taken: it is the holder's already, or has lapsed.
[[nodiscard]] Document free_for(const ServerLease& lease, WallTime now) {
  // Until and including now, in whole milliseconds.
  const auto lapsed = time_of("$lt", now + std::chrono::milliseconds(1));
  const Document either[] = {text_of("holder", lease.holder), document_of("until", lapsed)};
  Document filter = text_of("_id", lease.server);
  filter.documents("$or", either);
  return filter;
}

// A live lease of another does not match, so that the upsert tries to make a second document of that _id and fails:
// one command decides, also between two that want a free id at once.
[[nodiscard]] Status renew(Context& context, const Renew& what) {
  const auto& [lease, now] = what;
  Document set;
  set.number("v", kVersion).number("kind", static_cast<std::int64_t>(lease.kind));
  set.text("holder", lease.holder).time("until", lease.until);
  const auto taken = context.database.find_and_update(kServers, free_for(lease, now), document_of("$set", set), true);
  if (taken) return {};
  if (taken.error().kind != ErrorKind::kConflict) return std::unexpected(taken.error());
  return fail(ErrorKind::kConflict, "another process holds the server id " + lease.server);
}

[[nodiscard]] Status release(Context& context, const Release& what) {
  Document lease = text_of("_id", what.server);
  lease.text("holder", what.holder);
  const auto removed = context.database.remove(kServers, {&lease, 1});
  return removed ? Status{} : Status(std::unexpected(removed.error()));
}

[[nodiscard]] Result<std::vector<ServerLease>> read_leases(Context& context) {
  static const Document in_order = number_of("_id", 1);
  const auto documents = context.database.find(kServers, {Document(), {}, &in_order});
  if (!documents) return std::unexpected(documents.error());
  std::vector<ServerLease> leases;
  for (const auto& document : *documents) {
    auto lease = read_lease(Row(document));
    if (!lease) return std::unexpected(lease.error());
    leases.push_back(std::move(*lease));
  }
  return leases;
}

}  // namespace

Status change_leases(Context& context, std::span<LeaseCall> calls) {
  for (auto& call : calls) {
    if (auto* renews = std::get_if<RenewCall>(&call)) {
      auto done = renew(context, renews->in);
      if (!done && done.error().kind != ErrorKind::kConflict) return done;
      renews->out = std::move(done);
      continue;
    }
    auto& releases = std::get<ReleaseCall>(call);
    if (auto done = release(context, releases.in); !done) return done;
    releases.out = Status();
  }
  return {};
}

Status list_leases(Context& context, std::span<ListLeasesCall> calls) {
  const auto leases = read_leases(context);
  if (!leases) return std::unexpected(leases.error());
  for (auto& call : calls) call.out = *leases;
  return {};
}

}  // namespace herald::adapters::mongodb
