#pragma once
// The MongoDB driver keeps counters in a file of shared memory, made when its library is loaded, used or not.

namespace herald::adapters {

// Takes the file's name away, for a process that is killed would leave it behind, and a later one with the same process
// id would be warned of it on standard error. What is mapped goes on. To be called first in main().
void unlink_driver_counters();

}  // namespace herald::adapters
