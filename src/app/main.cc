#include "app/command_line.h"

// Read by jemalloc when the program starts; means nothing to another allocator. What devices that left had held goes
// back to the system within a second, and few arenas leave few holes.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";
}

int main(int argc, char** argv) {
  return herald::app::run_program(argc, argv);
}
