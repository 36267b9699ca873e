#pragma once
// A hash table of ids whose values do not move: found with one look into a flat table of pointers. Faster than
// std::unordered_map where most lookups miss the processor's caches. Private to this folder.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <utility>

namespace herald::adapters {

// References to values stay valid until they are erased.
template <class Key, class Value, class Hash>
class StableMap {
 public:
  // Null: not there.
  [[nodiscard]] Value* find(const Key& key) const {
    const auto it = places_.find(key);
    return it == places_.end() ? nullptr : it->second.get();
  }
  // Replaces what was there.
  Value& insert(const Key& key, Value value) { return put(key, std::make_unique<Value>(std::move(value))); }
  Value& put(const Key& key, std::unique_ptr<Value> value) {
    return *places_.insert_or_assign(key, std::move(value)).first->second;
  }
  // Null: it was not there.
  std::unique_ptr<Value> take(const Key& key) {
    const auto it = places_.find(key);
    if (it == places_.end()) return nullptr;
    auto value = std::move(it->second);
    places_.erase(it);
    return value;
  }
  void erase(const Key& key) { places_.erase(key); }
  void clear() { places_.clear(); }
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  boost::unordered_flat_map<Key, std::unique_ptr<Value>, Hash> places_;
};

}  // namespace herald::adapters
