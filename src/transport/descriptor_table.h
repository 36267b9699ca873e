#pragma once
// A thread with a descriptor table of its own: the limit on open files then counts for each such thread, and accept()
// takes no lock that other threads take. Linux, unshare(2).

#include <span>
#include <vector>

#include "base/result.h"

namespace herald::transport {

// From here on the calling thread sees neither the descriptors that others open nor they its own. Of those that are
// open now it keeps 0 to 2 and `kept`; the other threads keep theirs. What it opens ends with the thread. kUnavailable:
// the kernel refuses; then nothing has changed for the others, and the thread should end.
[[nodiscard]] Status own_descriptor_table(std::vector<int> kept);

// Closes them in the calling thread's table.
void close_descriptors(std::span<const int> descriptors);

}  // namespace herald::transport
