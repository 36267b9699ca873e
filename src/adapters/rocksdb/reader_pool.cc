#include "adapters/rocksdb/reader_pool.h"

#include <algorithm>

namespace herald::adapters {

ReaderPool::ReaderPool(Database& database, WriteFence& fence, std::size_t threads, Log& log, Metrics& metrics)
    : database_(database), fence_(fence), log_(log) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    auto& reader = *readers_.emplace_back(std::make_unique<Reader>(metrics));
    reader.thread = std::thread([this, &reader] { run(reader); });
  }
}

ReaderPool::~ReaderPool() {
  for (auto& reader : readers_) reader->mailbox.close();
  for (auto& reader : readers_) reader->thread.join();
}

void ReaderPool::run(Reader& reader) {
  Answers answers;
  for (auto reads = reader.mailbox.wait(); !reads.empty(); reads = reader.mailbox.wait()) {
    for (auto& read : reads) {
      // What is ready must not wait with what is not.
      if (!fence_.has_applied(read.place)) answers.post();
      fence_.wait_for(read.place);
      if (const auto error = read.run(database_, answers)) note(reader, *error);
    }
    answers.post();
  }
}

void ReaderPool::note(Reader& reader, const Error& error) {
  if (error.kind == ErrorKind::kNotFound) return;
  reader.errors.add(error.kind);
  log_.error("store read failed", {{"kind", to_string(error.kind)}, {"error", std::string_view(error.message)}});
}

}  // namespace herald::adapters
