#include "app/version.h"

namespace herald::app {

std::string_view version() {
  return HERALD_VERSION;
}

}  // namespace herald::app
