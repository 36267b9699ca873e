#include "adapters/rocksdb/engine/reader_pool.h"

#include <rocksdb/perf_level.h>

#include <algorithm>
#include <atomic>

#include "base/thread_name.h"

namespace herald::adapters {

ReaderPool::ReaderPool(Database& database, std::size_t threads, Log& log, Metrics& metrics)
    : database_(database), log_(log) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    auto& reader = *readers_.emplace_back(std::make_unique<Reader>(metrics));
    if (threads > 0) reader.thread = std::thread([this, &reader] { run(reader); });
  }
}

ReaderPool::~ReaderPool() {
  for (auto& reader : readers_) reader->mailbox.close();
  for (auto& reader : readers_) {
    if (reader->thread.joinable()) reader->thread.join();
  }
  while (step()) {
  }
}

std::size_t ReaderPool::thread_number() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

void ReaderPool::run(Reader& reader) {
  name_thread("store read");
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);  // nobody reads what it would count
  Answers answers;
  for (auto reads = reader.mailbox.wait(); !reads.empty(); reads = reader.mailbox.wait()) {
    read_all(reader, std::move(reads), answers);
  }
}

bool ReaderPool::step() {
  bool any = false;
  Answers answers;
  for (auto& reader : readers_) {
    auto reads = reader->mailbox.take();
    any = any || !reads.empty();
    read_all(*reader, std::move(reads), answers);
  }
  return any;
}

void ReaderPool::read_all(Reader& reader, std::vector<Read> reads, Answers& answers) {
  for (auto& read : reads) {
    if (const auto error = read(database_, answers)) note(reader, *error);
  }
  answers.post();
}

void ReaderPool::note(Reader& reader, const Error& error) {
  if (error.kind == ErrorKind::kNotFound) return;
  reader.errors.add(error.kind);
  log_.error("store read failed", {{"kind", to_string(error.kind)}, {"error", std::string_view(error.message)}});
}

}  // namespace herald::adapters
