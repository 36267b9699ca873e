#include <algorithm>
#include <map>
#include <set>

#include "adapters/mongodb/directory_calls.h"
#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

constexpr std::size_t kDropPage = 1'000;

using Counts = std::map<std::string, std::uint64_t, std::less<>>;

// Registers a run of calls: reads what is there, decides, writes apps, then registrations.
class Registering {
 public:
  Registering(Context& context, std::vector<RegisterCall*> calls) : context_(context), calls_(std::move(calls)) {}

  Status run() {
    if (auto read = read_present(); !read) return read;
    for (RegisterCall* call : calls_) {
      if (auto decided = decide(*call); !decided) return decided;
    }
    if (auto written = write_apps(); !written) return written;
    const auto inserted = context_.database.insert(kRegistrations, registrations_);
    if (!inserted) return std::unexpected(inserted.error());
    for (RegisterCall* call : calls_) {
      if (!call->out) call->out = Status();
    }
    return {};
  }

 private:
  Status read_present() {
    std::set<std::string> ids;
    std::set<std::string> apps;
    std::set<std::string> devices;
    for (const RegisterCall* call : calls_) {
      ids.insert(registration_id(call->in.app.id, call->in.user_agent));
      apps.insert(call->in.app.id.hex());
      devices.insert(call->in.user_agent.hex());
    }
    const std::vector<std::string> id_list(ids.begin(), ids.end());
    const auto present = find_by_ids(context_, kRegistrations, id_list, {"v"});
    if (!present) return std::unexpected(present.error());
    for (const auto& document : *present) present_.emplace(Row(document).text("_id").value_or(""));
    if (present_.size() == ids.size()) return {};  // all repeated

    const std::vector<std::string> app_list(apps.begin(), apps.end());
    const auto known = find_by_ids(context_, kApps, app_list, {"devices"});
    if (!known) return std::unexpected(known.error());
    for (const auto& document : *known) {
      const Row row(document);
      devices_of_app_[std::string(row.text("_id").value_or(""))] =
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, row.number("devices").value_or(0)));
    }
    const std::vector<std::string> device_list(devices.begin(), devices.end());
    auto counts = context_.database.count_by(kRegistrations, any_of("ua", device_list), "ua");
    if (!counts) return std::unexpected(counts.error());
    apps_of_device_ = std::move(*counts);
    return {};
  }

  // Answers those that are refused; the others are answered once they are written.
  Status decide(RegisterCall& call) {
    const auto& [app, user_agent] = call.in;
    const std::string id = registration_id(app.id, user_agent);
    if (present_.contains(id)) return {};
    if (apps_of_device_[user_agent.hex()] >= context_.limits.apps_per_device) {
      call.out = fail(ErrorKind::kExhausted, "the device has apps_per_device apps");
      return {};
    }
    const auto full = is_full(app.id.hex());
    if (!full) return std::unexpected(full.error());
    if (*full) {
      call.out = fail(ErrorKind::kExhausted, "the app has devices_per_app devices");
      return {};
    }
    present_.insert(id);
    ++apps_of_device_[user_agent.hex()];
    ++devices_of_app_[app.id.hex()];
    Document registration = text_of("_id", id);
    registration.number("v", kVersion).text("app", app.id.hex()).text("ua", user_agent.hex());
    registrations_.push_back(std::move(registration));
    auto& added = new_in_app_.try_emplace(app.id.hex(), &app, 0).first->second;
    ++added.second;
    return {};
  }

  // The count beside the app may be too high by what crashes and lost replies left behind. It is made good here, where
  // it would refuse.
  [[nodiscard]] Result<bool> is_full(const std::string& app) {
    std::uint64_t& known = devices_of_app_[app];
    const std::uint64_t limit = context_.limits.devices_per_app;
    if (known < limit) return false;
    const auto in_batch = new_in_app_.find(app);
    const std::uint64_t unwritten = in_batch == new_in_app_.end() ? 0 : in_batch->second.second;
    const auto counted = context_.database.count(kRegistrations, text_of("app", app), limit);
    if (!counted) return std::unexpected(counted.error());
    if (*counted + unwritten < known) {
      known = *counted + unwritten;
      Update mended{text_of("_id", app),
                    document_of("$set", number_of("devices", static_cast<std::int64_t>(*counted)))};
      if (auto done = context_.database.update(kApps, {&mended, 1}); !done) return std::unexpected(done.error());
    }
    return known >= limit;
  }

  // An app first, so that what is registered is always known.
  Status write_apps() {
    std::vector<Update> updates;
    for (const auto& [id, added] : new_in_app_) {
      const auto& [app, count] = added;
      Document made;
      made.number("v", kVersion).number("kind", static_cast<std::int64_t>(app->kind));
      if (!app->public_key_pem.empty()) made.text("key", app->public_key_pem);
      Document change = document_of("$setOnInsert", made);
      change.document("$inc", number_of("devices", static_cast<std::int64_t>(count)));
      updates.push_back({text_of("_id", id), std::move(change), false, true});
    }
    const auto done = context_.database.update(kApps, updates);
    return done ? Status{} : Status(std::unexpected(done.error()));
  }

  Context& context_;
  std::vector<RegisterCall*> calls_;
  std::set<std::string, std::less<>> present_;
  Counts devices_of_app_;
  Counts apps_of_device_;
  std::map<std::string, std::pair<const App*, std::uint64_t>> new_in_app_;
  std::vector<Document> registrations_;
};

[[nodiscard]] Status drop_pending(Context& context, const Unregister& what, WallTime now) {
  Document filter = text_of("ua", what.user_agent.hex());
  filter.text("app", what.app.hex()).flag("open", true).document("expires", time_of("$gt", now));
  while (true) {
    const auto documents = context.database.find(kDeliveries, {filter, {}, nullptr, kDropPage});
    if (!documents) return std::unexpected(documents.error());
    std::vector<StoredDelivery> deliveries;
    for (const auto& document : *documents) {
      auto delivery = read_delivery(Row(document));
      if (!delivery) return std::unexpected(delivery.error());
      deliveries.push_back(*delivery);
    }
    if (auto dropped = drop_deliveries(context, deliveries, now); !dropped) return dropped;
    if (deliveries.size() < kDropPage) return {};
  }
}

// The registration goes first, so that no monitor adds deliveries behind the drop; what waits is dropped even if there
// was no registration, so that a call repeated after a crash does what the first one left undone.
[[nodiscard]] Result<bool> unregister(Context& context, const Unregister& what) {
  const Document registration = text_of("_id", registration_id(what.app, what.user_agent));
  const auto removed = context.database.remove(kRegistrations, {&registration, 1});
  if (!removed) return std::unexpected(removed.error());
  if (*removed > 0) {
    Update fewer{text_of("_id", what.app.hex()), document_of("$inc", number_of("devices", -1))};
    if (auto done = context.database.update(kApps, {&fewer, 1}); !done) return std::unexpected(done.error());
  }
  if (auto dropped = drop_pending(context, what, context.clock.wall()); !dropped) {
    return std::unexpected(dropped.error());
  }
  return *removed > 0;
}

}  // namespace

// In the order of the calls, with neighbours that register taken together.
Status change_registrations(Context& context, std::span<RegistrationCall> calls) {
  std::vector<RegisterCall*> run;
  const auto finish_run = [&]() -> Status {
    if (run.empty()) return {};
    return Registering(context, std::exchange(run, {})).run();
  };
  for (auto& call : calls) {
    if (auto* registers = std::get_if<RegisterCall>(&call)) {
      run.push_back(registers);
      continue;
    }
    if (auto done = finish_run(); !done) return done;
    auto& unregisters = std::get<UnregisterCall>(call);
    auto done = unregister(context, unregisters.in);
    if (!done) return std::unexpected(done.error());
    unregisters.out = *done;
  }
  return finish_run();
}

}  // namespace herald::adapters::mongodb
