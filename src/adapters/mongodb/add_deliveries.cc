#include <algorithm>
#include <map>
#include <set>

#include "adapters/mongodb/delivery_calls.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

// What a batch wants of one message: all entries of all calls together.
struct Wish {
  std::set<UserAgentId> user_agents;
  bool last_page = false;
  WallTime now;
  std::size_t call = 0;  // the first that names the message: it is told of what was added
};
using Wishes = std::map<MessageId, Wish>;

[[nodiscard]] Wishes gather(std::span<const AddCall> calls) {
  Wishes wishes;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    for (const auto& entry : calls[i].in.entries) {
      auto& wish = wishes.try_emplace(entry.message, Wish{{}, false, calls[i].in.now, i}).first->second;
      wish.user_agents.insert(entry.user_agents.begin(), entry.user_agents.end());
      wish.last_page = wish.last_page || entry.last_page;
    }
  }
  return wishes;
}

class Adding {
 public:
  Adding(Context& context, std::span<AddCall> calls)
      : context_(context), calls_(calls), wishes_(gather(calls)), outcomes_(calls.size()) {}

  Status run() {
    if (auto read = read_messages(); !read) return read;
    if (auto demoted = demote(known_several()); !demoted) return demoted;
    if (auto inserted = insert(); !inserted) return inserted;
    if (auto bounded = drop_overflow(); !bounded) return bounded;
    if (auto marked = mark_routed(); !marked) return marked;
    for (std::size_t i = 0; i < calls_.size(); ++i) calls_[i].out = outcomes_[i];
    return {};
  }

 private:
  // Settles the slots of messages that replace others, in case a crash came between put()'s two steps.
  Status read_messages() {
    std::set<MessageId> ids;
    for (const auto& [id, wish] : wishes_) ids.insert(id);
    auto heads = read_heads(context_, ids);
    if (!heads) return std::unexpected(heads.error());
    heads_ = std::move(*heads);
    std::set<std::string> slots;
    for (const auto& [id, head] : heads_) {
      if (!head.message.replace_key.empty() && head.open) {
        slots.insert(slot_of(head.message.app, head.message.replace_key));
      }
    }
    const auto settled = settle_slots(context_, slots);
    if (!settled) return std::unexpected(settled.error());
    std::erase_if(heads_, [&](const auto& it) {
      const auto& [id, head] = it;
      return !head.open || settled->replaced.contains(id) || is_final(head.state(wishes_.at(id).now));
    });
    return {};
  }

  [[nodiscard]] bool is_sole(const StoredMessage& head, const Wish& wish) const {
    if (!wish.last_page || head.many || wish.user_agents.size() != 1) return false;
    return !head.sole || *head.sole == *wish.user_agents.begin();
  }

  // Messages that were for one device alone, and are for others now.
  [[nodiscard]] std::set<MessageId> known_several() const {
    std::set<MessageId> several;
    for (const auto& [id, head] : heads_) {
      if (head.sole && !is_sole(head, wishes_.at(id)) && !wishes_.at(id).user_agents.empty()) several.insert(id);
    }
    return several;
  }

  Status demote(const std::set<MessageId>& messages) {
    std::vector<Update> deliveries;
    std::vector<Update> marks;
    for (const auto& id : messages) {
      deliveries.push_back({deliveries_of(id), document_of("$unset", text_of("sole", "")), true});
      Document change = document_of("$unset", text_of("sole", ""));
      change.document("$set", flag_of("many", true));
      marks.push_back({text_of("_id", id.hex()), std::move(change)});
      heads_.at(id).sole.reset();
      heads_.at(id).many = true;
    }
    if (auto done = context_.database.update(kMessages, marks); !done) return std::unexpected(done.error());
    if (auto done = context_.database.update(kDeliveries, deliveries); !done) return std::unexpected(done.error());
    return {};
  }

  Status insert() {
    std::vector<Document> documents;
    std::vector<std::pair<MessageId, UserAgentId>> names;
    for (const auto& [id, head] : heads_) {
      const Wish& wish = wishes_.at(id);
      for (const auto& user_agent : wish.user_agents) {
        documents.push_back(delivery_document(head, user_agent, is_sole(head, wish), wish.now));
        names.emplace_back(id, user_agent);
      }
    }
    const auto inserted = context_.database.insert(kDeliveries, documents);
    if (!inserted) return std::unexpected(inserted.error());
    std::set<MessageId> again;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto& [id, user_agent] = names[i];
      if (inserted->is_new[i]) {
        ++outcomes_[wishes_.at(id).call].added;
        fresh_[user_agent] = wishes_.at(id).call;
      } else if (!is_sole(heads_.at(id), wishes_.at(id)) && !heads_.at(id).many) {
        again.insert(id);
      }
    }
    // An attempt before this one may have taken a device for the only one.
    return demote(again);
  }

  // Deliveries that wait for devices which got a new one, beyond pending_per_device.
  Status drop_overflow() {
    if (fresh_.empty()) return {};
    std::vector<std::string> devices;
    for (const auto& [user_agent, call] : fresh_) devices.push_back(user_agent.hex());
    const WallTime now = calls_.front().in.now;
    const auto counts = context_.database.count_by(kDeliveries, open_for(any_of("ua", devices), now), "ua");
    if (!counts) return std::unexpected(counts.error());
    for (const auto& [user_agent, call] : fresh_) {
      const auto found = counts->find(user_agent.hex());
      const std::uint64_t waiting = found == counts->end() ? 0 : found->second;
      if (waiting <= context_.limits.pending_per_device) continue;
      const auto dropped = drop_oldest(user_agent, waiting - context_.limits.pending_per_device, now);
      if (!dropped) return std::unexpected(dropped.error());
      outcomes_[call].dropped += *dropped;
    }
    return {};
  }

  [[nodiscard]] static Document open_for(Document filter, WallTime now) {
    filter.flag("open", true).document("expires", time_of("$gt", now));
    return filter;
  }

  [[nodiscard]] Result<std::uint64_t> drop_oldest(const UserAgentId& user_agent, std::uint64_t count, WallTime now) {
    Document lowest_first = number_of("priority", -1);
    lowest_first.number("_id", 1);
    const Document filter = open_for(text_of("ua", user_agent.hex()), now);
    const auto victims = find_readable<StoredDelivery>(context_, kDeliveries, {filter, {}, &lowest_first, count},
                                                       [](const Row& row) { return read_delivery(row); });
    if (!victims) return std::unexpected(victims.error());
    if (auto dropped = drop_deliveries(context_, *victims, now); !dropped) return std::unexpected(dropped.error());
    return victims->size();
  }

  Status mark_routed() {
    std::vector<Update> updates;
    std::vector<End> for_nobody;
    Heads complete;
    for (const auto& [id, head] : heads_) {
      const Wish& wish = wishes_.at(id);
      updates.push_back({text_of("_id", id.hex()), routed_change(head, wish)});
      if (!wish.last_page) continue;
      if (wish.user_agents.empty() && !head.many && !head.sole) {
        for_nobody.push_back({&head, wish.now});
      } else {
        complete.emplace(id, routed_head(head, wish));
      }
    }
    if (auto done = context_.database.update(kMessages, updates); !done) return std::unexpected(done.error());
    if (auto done = end_messages(context_, for_nobody, "acked_at", DeliveryState::kAcked); !done) return done;
    return end_early(std::move(complete));
  }

  // As it is once its change is made.
  [[nodiscard]] StoredMessage routed_head(StoredMessage head, const Wish& wish) const {
    head.routed = true;
    if (is_sole(head, wish)) head.sole = *wish.user_agents.begin();
    return head;
  }

  [[nodiscard]] Document routed_change(const StoredMessage& head, const Wish& wish) const {
    Document set;
    if (wish.last_page) set.flag("routed", true);
    if (is_sole(head, wish)) {
      set.text("sole", wish.user_agents.begin()->hex());
    } else if (!wish.user_agents.empty() && !head.many) {
      set.flag("many", true);
    }
    Document change;
    if (set.empty()) set.number("v", kVersion);
    change.document("$set", set);
    if (wish.last_page) change.document("$unset", text_of("unrouted", ""));
    return change;
  }

  // A message may have nothing left to wait for when its last page is marked: its devices found their deliveries by
  // themselves and acked them meanwhile, when it did not count as routed, or they were too full for it. Of one device
  // it is the ack that ends the message, whenever it comes.
  Status end_early(Heads complete) {
    std::erase_if(complete, [this](const auto& it) {
      const auto& [id, head] = it;
      return head.sole && outcomes_[wishes_.at(id).call].dropped == 0;
    });
    return end_those_resolved(context_, complete, calls_.front().in.now);
  }

  Context& context_;
  std::span<AddCall> calls_;
  Wishes wishes_;
  std::vector<ports::AddOutcome> outcomes_;
  Heads heads_;                               // of those that may get deliveries
  std::map<UserAgentId, std::size_t> fresh_;  // devices with a new delivery, and a call that made one
};

}  // namespace

// Deliveries are written before the message counts as routed: after a crash between the two it is routed again, and
// the deliveries that are there keep their state.
Status add_deliveries(Context& context, std::span<AddCall> calls) {
  return Adding(context, calls).run();
}

}  // namespace herald::adapters::mongodb
