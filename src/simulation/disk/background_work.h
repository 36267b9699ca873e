#pragma once
// RocksDB's flushes and compactions, run on the simulation's thread when the simulation says so.

#include <cstddef>
#include <deque>

namespace herald::simulation {

class BackgroundWork {
 public:
  using Function = void (*)(void*);
  struct Job {
    Function run;
    void* argument;
    void* tag;
    Function unschedule;  // called instead of `run` if the owner takes the job back; may be null
    int priority;
  };

  void add(Job job) { jobs_.push_back(job); }
  // Takes back the jobs of `tag`; answers how many.
  int take_back(void* tag, int priority);
  [[nodiscard]] std::size_t waiting() const { return jobs_.size(); }
  [[nodiscard]] std::size_t waiting(int priority) const;
  // Runs the `index`-th job that waits.
  void run(std::size_t index);

 private:
  std::deque<Job> jobs_;
};

// While one lives, this thread is the only one that works for its world. A wait for a condition variable runs the
// oldest job of `work` instead of sleeping, since nothing but such a job could end the wait. A new std::thread is not
// started: those of RocksDB (a timer that flushes its log of events, the watch for free space) do nothing that a run
// depends on.
class SingleThread {
 public:
  explicit SingleThread(BackgroundWork& work);
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;
  ~SingleThread();
};

}  // namespace herald::simulation
