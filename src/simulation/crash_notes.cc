#include "simulation/crash_notes.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "simulation/frames.h"

namespace herald::simulation {

namespace {

constexpr unsigned kLongestRunS = 120;

const Choices* current_choices = nullptr;
const Trace* current_trace = nullptr;
int crash_fd = -1;

// Not strictly safe in a handler, since it allocates; the process is lost anyway, and the parent copes with less.
extern "C" void on_crash(int signal) {
  std::signal(signal, SIG_DFL);
  if (current_choices != nullptr) {
    FrameWriter out(crash_fd);
    out.numbers(Frame::kRecord, current_choices->record());
    out.numbers(Frame::kSteps, current_choices->steps());
    out.lines(Frame::kEvents, current_trace->last_events());
    out.flush();
  }
  std::raise(signal);
}

}  // namespace

CrashNotes::CrashNotes(const Choices& choices, const Trace& trace) {
  current_choices = &choices;
  current_trace = &trace;
}

CrashNotes::~CrashNotes() {
  current_choices = nullptr;
  current_trace = nullptr;
}

void write_crashes_to(int fd) {
  crash_fd = fd;
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(signal, on_crash);
}

void restart_run_timer() {
  alarm(kLongestRunS);
}

}  // namespace herald::simulation
