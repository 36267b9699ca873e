#include "app/role_home.h"

#include <semaphore>
#include <utility>

namespace herald::app {

RoleHome::RoleHome(Stores& stores, transport::EventLoop& control)
    : stores_(stores), control_(control), lent_(stores.executor()) {
  if (lent_ != nullptr) timers_ = std::make_unique<RelayedTimers>(control, control, *lent_);
}

void RoleHome::run(Task what) {
  if (lent_ == nullptr) return what();
  std::binary_semaphore done(0);
  lent_->post([&] {
    what();
    done.release();
  });
  done.acquire();
}

void RoleHome::run_last(Task what) {
  run([this, &what] {
    what();
    if (lent_ != nullptr) stores_.stop_tasks();
  });
}

}  // namespace herald::app
