#pragma once
// A map that forgets: it holds the entries used since the generation before last. Bounded by twice the size given to
// each rotation. References stay valid until rotate(), erase() or clear().

#include <cstddef>
#include <unordered_map>
#include <utility>

namespace herald::adapters {

template <class Key, class Value, class Hash>
class GenerationCache {
 public:
  // Null: not (or no longer) known.
  [[nodiscard]] Value* find(const Key& key) {
    if (const auto it = young_.find(key); it != young_.end()) return &it->second;
    auto node = old_.extract(key);
    if (node.empty()) return nullptr;
    return &young_.insert(std::move(node)).position->second;
  }
  // Replaces what was there.
  Value& insert(const Key& key, Value value) {
    old_.erase(key);
    return young_.insert_or_assign(key, std::move(value)).first->second;
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
  std::unordered_map<Key, Value, Hash> young_;
  std::unordered_map<Key, Value, Hash> old_;
};

}  // namespace herald::adapters
