#pragma once
// Names threads for top -H, perf and debuggers.

namespace herald {

// Names the calling thread. At most 15 characters; a longer name is not taken.
void name_thread(const char* name);

}  // namespace herald
