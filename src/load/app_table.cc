#include "load/app_table.h"

#include <cstring>

namespace herald::load {

AppTable::~AppTable() {
  for (std::uint64_t app = 0; app < apps_; ++app) delete[] paths_[app].load(std::memory_order_relaxed);
}

void AppTable::set(std::uint32_t app, std::string_view path) {
  if (paths_[app].load(std::memory_order_relaxed) != nullptr) return;
  char* const text = new char[path.size() + 1];
  std::memcpy(text, path.data(), path.size());
  text[path.size()] = '\0';
  char* none = nullptr;
  if (!paths_[app].compare_exchange_strong(none, text, std::memory_order_acq_rel)) delete[] text;
}

std::string_view AppTable::path(std::uint32_t app) const {
  const char* text = paths_[app].load(std::memory_order_acquire);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string_view notify_path_of(std::string_view reply) {
  const auto scheme = reply.find("://");
  const auto slash = scheme == std::string_view::npos ? scheme : reply.find('/', scheme + 3);
  if (slash == std::string_view::npos) return {};
  const auto end = reply.find_first_of("\" \r\n\t", slash);
  return reply.substr(slash, end == std::string_view::npos ? end : end - slash);
}

}  // namespace herald::load
