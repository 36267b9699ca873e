#include "adapters/mongodb/driver_counters.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace herald::adapters {

void unlink_driver_counters() {
  shm_unlink(("/mongoc-" + std::to_string(getpid())).c_str());
}

}  // namespace herald::adapters
