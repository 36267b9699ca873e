#include "simulation/outcome.h"

#include "simulation/crash_notes.h"

namespace herald::simulation {

Outcome run_once(Simulation& simulation, const Source& source, Trace::Text text) {
  const auto* seed = std::get_if<std::uint64_t>(&source);
  Choices choices =
      seed != nullptr ? Choices::from_seed(*seed) : Choices::from_record(std::get<std::vector<std::uint32_t>>(source));
  Trace trace(text);
  const CrashNotes notes(choices, trace);
  Outcome outcome;
  outcome.seed = seed != nullptr ? *seed : 0;
  outcome.violation = simulation.run(choices, trace);
  outcome.hash = trace.hash();
  outcome.events = trace.events();
  outcome.faults = trace.faults();
  if (outcome.violation) {
    outcome.record = choices.record();
    outcome.steps = choices.steps();
    outcome.last_events = trace.last_events();
  }
  return outcome;
}

std::string_view rule_of(std::string_view violation) {
  return violation.substr(0, violation.find(':'));
}

}  // namespace herald::simulation
