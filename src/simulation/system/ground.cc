#include "simulation/system/ground.h"

#include <algorithm>
#include <utility>

namespace herald::simulation::system {

namespace {

// Tasks of one turn at most.
constexpr std::size_t kTurnMost = 8;

}  // namespace

void Strand::wake() {
  if (ready_ || turning_ || stopped_ || tasks_.empty()) return;
  ready_ = true;
  ground_.ready_.push_back(this);
}

void Strand::post(Task task) {
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  wake();
}

void Strand::post_batch(std::vector<Task> tasks) {
  for (auto& task : tasks) post(std::move(task));
}

void Strand::post_before_sending(Task task) {
  if (!turning_) return post(std::move(task));
  before_sending_.push_back(std::move(task));
}

void Strand::send(Task task) {
  if (stopped_) return;
  if (!turning_) return task();
  sending_.push_back(std::move(task));
}

// What is destroyed may post to other strands, or to this one, which takes nothing any more.
void Strand::stop() {
  stopped_ = true;
  if (ready_) std::erase(ground_.ready_, this);
  ready_ = false;
  const auto tasks = std::exchange(tasks_, {});
  const auto before = std::exchange(before_sending_, {});
  const auto sending = std::exchange(sending_, {});
}

void Strand::run_turn(Choices& choices) {
  turning_ = true;
  std::size_t tasks = 1;
  if (tasks_.size() > 1 && choices.chance(ground_.pace_.batched_per_thousand)) {
    tasks += choices.below(static_cast<std::uint32_t>(std::min(tasks_.size(), kTurnMost)));
  }
  for (; tasks > 0 && !tasks_.empty(); --tasks) {
    const Task task = std::exchange(tasks_.front(), nullptr);
    tasks_.pop_front();
    const_cast<Task&>(task)();
  }
  for (std::size_t i = 0; i < before_sending_.size(); ++i) std::exchange(before_sending_[i], nullptr)();
  before_sending_.clear();
  for (std::size_t i = 0; i < sending_.size(); ++i) std::exchange(sending_[i], nullptr)();
  sending_.clear();
  turning_ = false;
  wake();
}

Ground::~Ground() {
  for (auto& strand : strands_) strand->stop();
  while (!waiting_.empty()) waiting_.pop();
}

Strand& Ground::make_strand() {
  strands_.push_back(std::make_unique<Strand>(*this));
  return *strands_.back();
}

void Ground::at(MonoTime when, Task what) {
  waiting_.push({std::max(when, now_), ++events_, std::move(what)});
}

milliseconds Ground::lateness() {
  if (!choices_.chance(pace_.late_per_thousand)) return milliseconds(0);
  return milliseconds(choices_.below(pace_.late_most_ms + 1));
}

bool Ground::run_one() {
  if (ready_.empty() && waiting_.empty()) return false;
  ++step_;
  const bool due = !waiting_.empty() && waiting_.top().when <= now_;
  if (ready_.empty() || (due && choices_.below(2) == 0) ||
      (!due && !waiting_.empty() && choices_.chance(pace_.busy_per_thousand))) {
    run_event();
  } else {
    run_strand();
  }
  return true;
}

void Ground::run_event() {
  now_ = std::max(now_, waiting_.top().when);
  Task what = std::move(waiting_.top().what);
  waiting_.pop();
  what();
}

void Ground::run_strand() {
  const std::size_t at = ready_.size() == 1 ? 0 : choices_.below(static_cast<std::uint32_t>(ready_.size()));
  Strand& strand = *ready_[at];
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(at));
  strand.ready_ = false;
  strand.run_turn(choices_);
}

void Ground::run_until(MonoTime end) {
  while (!ready_.empty() || (!waiting_.empty() && waiting_.top().when <= end)) run_one();
  now_ = std::max(now_, end);
}

TimerId StrandTimers::run_after(milliseconds delay, Task task) {
  const TimerId id = ++last_;
  tasks_.emplace(id, std::move(task));
  ground_.after(std::max(delay, milliseconds(0)) + ground_.lateness(), [this, id, alive = std::weak_ptr<char>(alive_)] {
    if (alive.expired() || !tasks_.contains(id)) return;
    strand_.post([this, id] { fire(id); });
  });
  return id;
}

void StrandTimers::fire(TimerId id) {
  auto task = tasks_.extract(id);
  if (!task.empty()) task.mapped()();
}

}  // namespace herald::simulation::system
