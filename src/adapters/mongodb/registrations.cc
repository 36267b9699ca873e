#include <algorithm>
#include <bit>
#include <chrono>
#include <map>
#include <set>

#include "adapters/mongodb/directory_calls.h"
#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

constexpr std::size_t kDropPage = 1'000;

// A registration is counted before it is inserted. One that was counted so long ago is in, or never will be: no batch
// takes as long.
constexpr std::chrono::hours kInsertedBy{1};

using Counts = std::map<std::string, std::uint64_t, std::less<>>;

// What an app's document says of its devices.
struct AppCount {
  std::int64_t stored = 0;  // as it was read
  WallTime grew;            // when a registration was counted last; 0: not known
  std::uint64_t known = 0;  // with those of this batch

  [[nodiscard]] bool is_settled(WallTime now) const { return grew < now - kInsertedBy; }
};

[[nodiscard]] AppCount read_count(const Row& row) {
  AppCount count{row.number("devices").value_or(0), row.time("grew").value_or(WallTime{}), 0};
  count.known = static_cast<std::uint64_t>(std::max<std::int64_t>(0, count.stored));
  return count;
}

// The document as it was read: if another process counted meanwhile, nothing is written.
[[nodiscard]] Document unchanged(const std::string& app, const AppCount& count) {
  Document filter = text_of("_id", app);
  filter.number("devices", count.stored);
  if (count.grew != WallTime{}) filter.time("grew", count.grew);
  return filter;
}

[[nodiscard]] Status set_count(Context& context, const std::string& app, const AppCount& from, std::uint64_t to) {
  const Update mended{unchanged(app, from), document_of("$set", number_of("devices", static_cast<std::int64_t>(to)))};
  const auto done = context.database.update(kApps, {&mended, 1});
  return done ? Status{} : Status(std::unexpected(done.error()));
}

// Registers a run of calls: reads what is there, decides, writes apps, then registrations.
class Registering {
  static constexpr std::uint64_t kCountedFrom = 16;

 public:
  Registering(Context& context, std::vector<RegisterCall*> calls) : context_(context), calls_(std::move(calls)) {}

  Status run() {
    if (auto read = read_present(); !read) return read;
    for (RegisterCall* call : calls_) {
      if (auto decided = decide(*call); !decided) return decided;
    }
    if (auto written = write_apps(); !written) return written;
    if (auto done = context_.database.update(kApps, new_keys_); !done) return std::unexpected(done.error());
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
    const bool keyed = std::ranges::any_of(calls_, [](auto* call) { return !call->in.app.public_key_pem.empty(); });
    if (present_.size() == ids.size() && !keyed) return {};  // all repeated

    const std::vector<std::string> app_list(apps.begin(), apps.end());
    const auto known = find_by_ids(context_, kApps, app_list, {"devices", "grew", "key"});
    if (!known) return std::unexpected(known.error());
    for (const auto& document : *known) {
      const Row row(document);
      const std::string id(row.text("_id").value_or(""));
      count_of_app_[id] = read_count(row);
      if (row.text("key")) keyed_apps_.insert(id);
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
    const bool wants_key = !app.public_key_pem.empty();
    if (present_.contains(id)) {
      if (wants_key) keep_key(app);
      return {};
    }
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
    if (!wants_key && keyed_apps_.contains(app.id.hex())) {
      call.out = fail(ErrorKind::kConflict, "the app has a key");
      return {};
    }
    if (wants_key) keep_key(app);
    present_.insert(id);
    ++apps_of_device_[user_agent.hex()];
    ++count_of_app_[app.id.hex()].known;
    Document registration = text_of("_id", id);
    registration.number("v", kVersion).text("app", app.id.hex()).text("ua", user_agent.hex());
    registrations_.push_back(std::move(registration));
    auto& added = new_in_app_.try_emplace(app.id.hex(), &app, 0).first->second;
    ++added.second;
    return {};
  }

  // An app keeps the key it has, also one that another process writes meanwhile.
  void keep_key(const App& app) {
    if (!keyed_apps_.insert(app.id.hex()).second) return;
    Document keyless = text_of("_id", app.id.hex());
    keyless.document("key", Document().flag("$exists", false));
    new_keys_.push_back({std::move(keyless), document_of("$set", text_of("key", app.public_key_pem))});
  }

  // The count beside the app may be too high by what crashes and lost replies left behind, and would refuse devices
  // then; or too low, and would let too many in. So the registrations themselves are counted where it would refuse, and
  // each time it has doubled.
  [[nodiscard]] Result<bool> is_full(const std::string& app) {
    AppCount& count = count_of_app_[app];
    const std::uint64_t limit = context_.limits.devices_per_app;
    const bool has_doubled = count.known >= kCountedFrom && std::has_single_bit(count.known);
    if (count.known < limit && !has_doubled) return false;
    const auto in_batch = new_in_app_.find(app);
    const std::uint64_t unwritten = in_batch == new_in_app_.end() ? 0 : in_batch->second.second;
    const auto counted = context_.database.count(kRegistrations, text_of("app", app), limit);
    if (!counted) return std::unexpected(counted.error());
    if (auto mended = mend(app, count, *counted); !mended) return std::unexpected(mended.error());
    count.known = *counted + unwritten;
    return count.known >= limit;
  }

  // Too many may be registrations on their way, which another process has counted and not inserted yet.
  Status mend(const std::string& app, const AppCount& count, std::uint64_t counted) {
    const auto now_stored = static_cast<std::int64_t>(counted);
    const bool too_low = now_stored > count.stored;
    const bool too_high = now_stored < count.stored && count.is_settled(context_.clock.wall());
    return too_low || too_high ? set_count(context_, app, count, counted) : Status{};
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
      change.document("$max", time_of("grew", context_.clock.wall()));
      updates.push_back({text_of("_id", id), std::move(change), false, true});
    }
    const auto done = context_.database.update(kApps, updates);
    return done ? Status{} : Status(std::unexpected(done.error()));
  }

  Context& context_;
  std::vector<RegisterCall*> calls_;
  std::set<std::string, std::less<>> present_;
  std::map<std::string, AppCount, std::less<>> count_of_app_;
  Counts apps_of_device_;
  std::map<std::string, std::pair<const App*, std::uint64_t>> new_in_app_;
  std::set<std::string, std::less<>> keyed_apps_;
  std::vector<Update> new_keys_;
  std::vector<Document> registrations_;
};

// Those that can't be read are left alone.
[[nodiscard]] Status drop_pending(Context& context, const Unregister& what, WallTime now) {
  static const Document in_order = number_of("_id", 1);
  std::string last;
  while (true) {
    Document filter = text_of("ua", what.user_agent.hex());
    filter.text("app", what.app.hex()).flag("open", true).document("expires", time_of("$gt", now));
    if (!last.empty()) filter.document("_id", text_of("$gt", last));
    const auto documents = context.database.find(kDeliveries, {filter, {}, &in_order, kDropPage});
    if (!documents) return std::unexpected(documents.error());
    std::vector<StoredDelivery> deliveries;
    for (const auto& document : *documents) {
      const auto delivery = readable(context, read_delivery(Row(document)));
      if (delivery) deliveries.push_back(*delivery);
      last = Row(document).text("_id").value_or("");
    }
    if (auto dropped = drop_deliveries(context, deliveries, now); !dropped) return dropped;
    if (documents->size() < kDropPage) return {};
  }
}

// What the app's document says once a registration is gone; nothing if there is no such app.
[[nodiscard]] Result<std::optional<AppCount>> count_out(Context& context, const AppId& app, bool was_registered) {
  const Document which = text_of("_id", app.hex());
  const auto found = was_registered ? context.database.find_and_update(
                                          kApps, which, document_of("$inc", number_of("devices", -1)), false)
                                    : context.database.find_one(kApps, {which, {"devices", "grew"}});
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  AppCount count = read_count(Row(**found));
  if (was_registered) --count.stored;
  return count;
}

// An app goes with its last registration. Not while one is on its way: that one was counted, so the number is above
// zero, or changes between.
[[nodiscard]] Status remove_if_unused(Context& context, const AppId& app, bool was_registered) {
  const auto count = count_out(context, app, was_registered);
  if (!count) return std::unexpected(count.error());
  if (!*count) return {};
  const Document registered = text_of("app", app.hex());
  const bool too_low = (*count)->stored <= 0;
  const auto left = context.database.count(kRegistrations, registered, too_low ? 0 : 1);
  if (!left) return std::unexpected(left.error());
  if (*left > 0) return too_low ? set_count(context, app.hex(), **count, *left) : Status{};
  if (!too_low && !(*count)->is_settled(context.clock.wall())) return {};
  const Document unused = unchanged(app.hex(), **count);
  const auto removed = context.database.remove(kApps, {&unused, 1});
  return removed ? Status{} : Status(std::unexpected(removed.error()));
}

// The registration goes first, so that no monitor adds deliveries behind the drop; what waits is dropped even if there
// was no registration, so that a call repeated after a crash does what the first one left undone. A run that is
// repeated because a reply was lost finds nothing where the one before it removed the registration: it counts as there.
[[nodiscard]] Result<bool> unregister(Context& context, const Unregister& what) {
  const Document registration = text_of("_id", registration_id(what.app, what.user_agent));
  const auto removed = context.database.remove(kRegistrations, {&registration, 1});
  if (!removed) return std::unexpected(removed.error());
  if (auto done = remove_if_unused(context, what.app, *removed > 0); !done) return std::unexpected(done.error());
  if (auto dropped = drop_pending(context, what, context.clock.wall()); !dropped) {
    return std::unexpected(dropped.error());
  }
  return *removed > 0 || context.is_repeated;
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
