#pragma once
// A map that forgets: it holds the entries used since the generation before last. Bounded by twice the size given to
// each rotation. References stay valid until rotate(), erase() or clear().

#include <cstddef>
#include <utility>

#include "adapters/rocksdb/state/stable_map.h"

namespace herald::adapters {

template <class Key, class Value, class Hash>
class GenerationCache {
 public:
  // Null: not (or no longer) known.
  [[nodiscard]] Value* find(const Key& key) {
    if (Value* const value = young_.find(key)) return value;
    auto old = old_.take(key);
    return old ? &young_.put(key, std::move(old)) : nullptr;
  }
  // Replaces what was there.
  Value& insert(const Key& key, Value value) {
    old_.erase(key);
    return young_.insert(key, std::move(value));
  }
  void erase(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }
  void clear() {
    young_.clear();
    old_.clear();
  }
  // Starts a generation once this one has `most` entries.
  void rotate(std::size_t most) {
    if (young_.size() < most) return;
    old_ = std::exchange(young_, {});
  }

 private:
  StableMap<Key, Value, Hash> young_;
  StableMap<Key, Value, Hash> old_;
};

}  // namespace herald::adapters
