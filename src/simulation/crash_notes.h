#pragma once
// What a process that crashes in the middle of a run leaves to its parent: the choices and events so far.

#include "simulation/choices.h"
#include "simulation/trace.h"

namespace herald::simulation {

// Names the run under way while it lives. One at a time.
class CrashNotes {
 public:
  CrashNotes(const Choices& choices, const Trace& trace);
  CrashNotes(const CrashNotes&) = delete;
  CrashNotes& operator=(const CrashNotes&) = delete;
  ~CrashNotes();
};

// From now on a crash of this process (an abort, a bad address, a run of more than two minutes) writes the run under
// way to `fd`, as frames of frames.h, before the process ends.
void write_crashes_to(int fd);
// Starts the two minutes of a run again.
void restart_run_timer();

}  // namespace herald::simulation
