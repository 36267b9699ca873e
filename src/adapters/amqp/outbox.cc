#include "adapters/amqp/outbox.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace herald::adapters {

namespace {

std::size_t bytes_of(const std::vector<std::string>& bodies) {
  std::size_t sum = 0;
  for (const auto& body : bodies) sum += body.size();
  return sum;
}

}  // namespace

bool OutboxBudget::reserve(std::atomic<std::size_t>& counter, std::size_t more, std::size_t most) {
  std::size_t held = counter.load(std::memory_order_relaxed);
  do {
    if (more > most || held > most - more) return false;
  } while (!counter.compare_exchange_weak(held, held + more, std::memory_order_relaxed));
  return true;
}

bool Outbox::reserve(const std::vector<std::string>& bodies) {
  const std::size_t bytes = bytes_of(bodies);
  if (!budget_.reserve(bytes)) return false;
  if (OutboxBudget::reserve(unaccepted_, bodies.size(), max_messages_)) return true;
  budget_.release(bytes);
  return false;
}

void Outbox::add(Publication publication) {
  if (publication.bodies.empty()) return std::move(publication.reply)(Status{});
  auto open = std::make_shared<Open>(Open{std::move(publication.reply), publication.since, publication.bodies.size()});
  for (auto& body : publication.bodies) entries_.push_back({std::move(body), open});
}

const std::string* Outbox::next() const {
  return sent_ < entries_.size() ? &entries_[sent_].body : nullptr;
}

std::uint64_t Outbox::sent() {
  HERALD_CHECK(sent_ < entries_.size(), "nothing to send");
  return first_ + sent_++;
}

void Outbox::accepted(std::uint64_t number) {
  Entry* entry = find(number);
  if (entry == nullptr) return;
  const auto publication = entry->publication;
  drop(*entry);
  if (--publication->unaccepted == 0 && publication->reply) std::move(publication->reply)(Status{});
  trim();
}

void Outbox::refused(std::uint64_t number, const Error& error) {
  Entry* entry = find(number);
  if (entry == nullptr) return;
  const auto publication = entry->publication;
  drop(*entry);
  --publication->unaccepted;
  if (publication->reply) std::move(publication->reply)(std::unexpected(error));
  publication->reply = {};
  trim();
}

std::size_t Outbox::rewind() {
  const auto under_way = entries_.begin() + static_cast<std::ptrdiff_t>(sent_);
  const auto again = std::count_if(entries_.begin(), under_way, [](const Entry& entry) { return !!entry.publication; });
  first_ += std::exchange(sent_, 0);
  std::erase_if(entries_, [](const Entry& entry) { return !entry.publication; });
  return static_cast<std::size_t>(again);
}

void Outbox::give_up(MonoTime before, const Error& error) {
  const auto is_late = [&](const Entry& entry) { return entry.publication && entry.publication->since < before; };
  // Publications stand in the order of their time, but for what threads took a moment to hand over.
  for (std::size_t i = 0; i < entries_.size() && (!entries_[i].publication || is_late(entries_[i])); ++i) {
    if (!entries_[i].publication) continue;
    const auto publication = entries_[i].publication;
    drop(entries_[i]);
    if (publication->reply) std::move(publication->reply)(std::unexpected(error));
    publication->reply = {};
  }
  trim();
}

// Null if it was settled or given up before.
Outbox::Entry* Outbox::find(std::uint64_t number) {
  if (number < first_ || number - first_ >= sent_) return nullptr;
  Entry& entry = entries_[number - first_];
  return entry.publication ? &entry : nullptr;
}

void Outbox::drop(Entry& entry) {
  budget_.release(entry.body.size());
  unaccepted_.fetch_sub(1, std::memory_order_relaxed);
  entry = {};
}

void Outbox::trim() {
  while (!entries_.empty() && !entries_.front().publication) {
    entries_.pop_front();
    ++first_;
    sent_ -= std::min<std::size_t>(sent_, 1);
  }
}

}  // namespace herald::adapters
