#include "load/app_table.h"

#include <cstring>

namespace herald::load {

AppTable::~AppTable() {
  for (std::uint64_t app = 0; app < apps_; ++app) delete[] paths_[app].load(std::memory_order_relaxed);
}

void AppTable::set(std::uint32_t app, std::string_view url) {
  if (paths_[app].load(std::memory_order_relaxed) != nullptr) return;
  const std::size_t slash = url.find('/', url.find("://") + 3);
  const std::string_view path = url.substr(slash);
  char* const text = new char[path.size() + 1];
  std::memcpy(text, path.data(), path.size());
  text[path.size()] = '\0';
  char* none = nullptr;
  if (!paths_[app].compare_exchange_strong(none, text, std::memory_order_acq_rel)) delete[] text;
  const std::lock_guard lock(mutex_);
  if (origin_.empty()) origin_ = url.substr(0, slash);
}

std::string AppTable::origin() const {
  const std::lock_guard lock(mutex_);
  return origin_;
}

std::string_view AppTable::path(std::uint32_t app) const {
  const char* text = paths_[app].load(std::memory_order_acquire);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string_view url_of_reply(std::string_view reply) {
  constexpr std::string_view kEnds = "\" \r\n\t";
  const auto scheme = reply.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto before = reply.find_last_of(kEnds, scheme);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view url = reply.substr(begin, reply.find_first_of(kEnds, scheme) - begin);
  return url.substr(scheme - begin + 3).contains('/') ? url : std::string_view();
}

}  // namespace herald::load
