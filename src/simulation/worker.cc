#include "simulation/worker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "simulation/crash_notes.h"

namespace herald::simulation {

namespace {

constexpr std::size_t kSaidBytes = 600;

void send(FrameWriter& out, const Outcome& outcome) {
  for (const auto& [name, count] : outcome.faults) out.text(Frame::kFault, std::to_string(count) + " " + name);
  if (outcome.violation) {
    out.text(Frame::kViolation, *outcome.violation);
    out.numbers(Frame::kRecord, outcome.record);
    out.numbers(Frame::kSteps, outcome.steps);
    out.lines(Frame::kEvents, outcome.last_events);
  }
  out.numbers(Frame::kDone, std::vector<std::uint64_t>{outcome.hash, outcome.events});
  out.flush();
}

[[nodiscard]] Outcome run_twice(Simulation& simulation, const Source& source) {
  auto first = run_once(simulation, source);
  const auto second = run_once(simulation, source);
  if (!first.violation && second.hash != first.hash) {
    first.violation = "determinism: the same schedule gave another trace when it ran again";
  }
  return first;
}

[[nodiscard]] double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Worker::Worker(Simulation& simulation, WorkerPlan plan) {
  std::array<int, 2> ends{};
  HERALD_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, "no pipe");
  errors_ = memfd_create("stderr", MFD_CLOEXEC);
  HERALD_CHECK(errors_ >= 0, "no memory for standard error");
  std::fflush(nullptr);
  pid_ = fork();
  HERALD_CHECK(pid_ >= 0, "no process");
  if (pid_ == 0) {
    close(ends[0]);
    work(simulation, plan, ends[1]);
  }
  close(ends[1]);
  fd_ = ends[0];
  reader_ = FrameReader(fd_);
}

void Worker::stop() {
  if (ended_) return;
  kill(pid_, SIGKILL);
  collect();
}

void Worker::close_files() const {
  close(fd_);
  close(errors_);
}

void Worker::work(Simulation& simulation, const WorkerPlan& plan, int fd) const {
  dup2(errors_, STDERR_FILENO);
  write_crashes_to(fd);
#ifdef HERALD_SIMULATION
  planted::planted_fault = plan.fault;
#endif
  FrameWriter out(fd);
  std::uint64_t runs = 0;
  for (auto source = plan.next(); source; source = plan.next()) {
    const auto* seed = std::get_if<std::uint64_t>(&*source);
    out.numbers(Frame::kBegin, std::vector<std::uint64_t>{seed != nullptr ? *seed : 0});
    out.flush();
    restart_run_timer();
    const bool twice = plan.twice_every != 0 && ++runs % plan.twice_every == 0;
    send(out, twice ? run_twice(simulation, *source) : run_once(simulation, *source));
  }
  _exit(0);
}

void Worker::take(const ReadFrame& frame, std::vector<Outcome>& ended) {
  if (frame.frame == Frame::kBegin) {
    current_.emplace().seed = frame.numbers().at(0);
    return;
  }
  HERALD_CHECK(current_.has_value(), "a frame belongs to a run");
  const auto numbers = [&frame] { return frame.numbers(); };
  switch (frame.frame) {
    case Frame::kBegin:
      break;
    case Frame::kViolation:
      current_->violation = frame.bytes;
      break;
    case Frame::kRecord:
      current_->record.clear();
      for (const auto value : numbers()) current_->record.push_back(static_cast<std::uint32_t>(value));
      break;
    case Frame::kSteps: {
      const auto values = numbers();
      current_->steps.assign(values.begin(), values.end());
      break;
    }
    case Frame::kEvents:
      current_->last_events = frame.lines();
      break;
    case Frame::kFault: {
      const auto space = frame.bytes.find(' ');
      current_->faults[frame.bytes.substr(space + 1)] += std::stoull(frame.bytes);
      break;
    }
    case Frame::kDone:
      current_->hash = numbers().at(0);
      current_->events = numbers().at(1);
      ended.push_back(std::move(*current_));
      current_.reset();
  }
}

std::vector<Outcome> Worker::read() {
  std::vector<Outcome> ended;
  if (ended_) return ended;
  const bool open = reader_.read();
  while (const auto frame = reader_.next()) take(*frame, ended);
  if (open) return ended;
  const int signal = collect();
  if (current_) {
    current_->violation = "crash: " + (signal == SIGALRM ? "the run took more than two minutes" : said());
    if (signal != SIGALRM) *current_->violation += std::string(" (") + strsignal(signal) + ")";
    ended.push_back(std::move(*current_));
    current_.reset();
  }
  return ended;
}

int Worker::collect() {
  int status = 0;
  rusage usage{};
  wait4(pid_, &status, 0, &usage);
  ended_ = true;
  cpu_s_ = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

std::string Worker::said() const {
  const auto size = lseek(errors_, 0, SEEK_END);
  const auto from = size > static_cast<off_t>(kSaidBytes) ? size - static_cast<off_t>(kSaidBytes) : 0;
  std::string text(static_cast<std::size_t>(size - from), '\0');
  const auto read = pread(errors_, text.data(), text.size(), from);
  text.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Outcome run_isolated(Simulation& simulation, const Source& source, planted::Fault fault) {
  bool given = false;
  Worker worker(simulation, {.next = [&]() -> std::optional<Source> {
                               if (std::exchange(given, true)) return std::nullopt;
                               return source;
                             },
                             .fault = fault});
  while (!worker.ended()) {
    if (auto outcomes = worker.read(); !outcomes.empty()) return std::move(outcomes.front());
  }
  HERALD_CHECK(false, "a process ended without an outcome");
}

}  // namespace herald::simulation
