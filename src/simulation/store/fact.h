#pragma once
// Something about the store that the model may not know for sure: after a fault, a change may have happened or not.

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace herald::simulation {

template <class T>
class Fact {
 public:
  explicit Fact(T value) : now_{value}, in_doubt_{}, unsaved_{value}, unsynced_{value} {}

  [[nodiscard]] bool may_be(const T& value) const { return contains(now_, value); }
  [[nodiscard]] bool is(const T& value) const { return now_.size() == 1 && now_.front() == value; }
  // Every possible value is one of these.
  [[nodiscard]] bool is_one_of(std::initializer_list<T> values) const {
    return std::ranges::all_of(now_, [&](const T& each) { return std::ranges::find(values, each) != values.end(); });
  }
  [[nodiscard]] bool may_be_one_of(std::initializer_list<T> values) const {
    return std::ranges::any_of(values, [&](const T& each) { return may_be(each); });
  }
  [[nodiscard]] const std::vector<T>& possible() const { return now_; }

  // A change that a fault may undo: each possible value becomes one of `becomes(value)`.
  template <class Becomes>
  void change(const Becomes& becomes) {
    add(unsaved_, now_);
    add(unsynced_, now_);
    now_ = changed(now_, becomes);
    in_doubt_ = changed(in_doubt_, becomes);
  }
  // A change that nothing undoes, whatever was the value.
  template <class Becomes>
  void change_durably(const Becomes& becomes) {
    now_ = changed(now_, becomes);
    in_doubt_ = changed(in_doubt_, becomes);
    unsaved_ = changed(unsaved_, becomes);
    unsynced_ = changed(unsynced_, becomes);
  }
  // A durable change without a good answer: it happened, or it did not, or it comes with the next start.
  template <class Becomes>
  void may_change_durably(const Becomes& becomes) {
    add(in_doubt_, changed(now_, becomes));
    add(now_, in_doubt_);
    add(unsaved_, changed(unsaved_, becomes));
    add(unsynced_, changed(unsynced_, becomes));
  }
  // The store showed that the value is one of these.
  void see(std::initializer_list<T> values) { keep(now_, values); }
  // The same, and it told people, so that no kill may take it back.
  void tell(std::initializer_list<T> values) {
    keep(now_, values);
    unsaved_ = now_;
  }

  // The store may not have decided yet whether a failed durable change happened, whatever it showed.
  void doubt() { add(now_, in_doubt_); }
  // What was told before is on the disk now, and nothing is in doubt.
  void sync() {
    doubt();
    in_doubt_.clear();
    unsynced_ = unsaved_;
  }
  // The process ended: changes that may be lost were lost, or not.
  void lose() {
    add(now_, unsaved_);
    doubt();
    in_doubt_.clear();
  }
  void lose_unsynced() {
    add(now_, unsynced_);
    lose();
    unsaved_ = now_;
  }

 private:
  using Values = std::vector<T>;

  [[nodiscard]] static bool contains(const Values& values, const T& value) {
    return std::ranges::find(values, value) != values.end();
  }
  static void add(Values& values, const Values& more) {
    for (const T& each : more) {
      if (!contains(values, each)) values.push_back(each);
    }
  }
  static void keep(Values& values, std::initializer_list<T> wanted) {
    std::erase_if(values, [&](const T& each) { return std::ranges::find(wanted, each) == wanted.end(); });
  }
  template <class Becomes>
  [[nodiscard]] static Values changed(const Values& values, const Becomes& becomes) {
    Values result;
    for (const T& each : values) add(result, becomes(each));
    return result;
  }

  Values now_;       // possible values
  Values in_doubt_;  // what a failed durable change may still turn it into
  Values unsaved_;   // what a failed commit or a kill may bring back
  Values unsynced_;  // what a power cut may bring back
};

}  // namespace herald::simulation
