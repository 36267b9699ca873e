#include "adapters/rocksdb/cold/sync_mark.h"

#include <rocksdb/env.h>

#include <array>
#include <utility>

#include "adapters/rocksdb/cold/byte_codec.h"
#include "adapters/rocksdb/cold/crc32c.h"

namespace herald::adapters {

namespace {

constexpr const char* kFileName = "/herald.synced";
constexpr std::string_view kTagMagic = "HSYN";
constexpr std::size_t kTagBytes = 4 + 16;
// In a write batch before a blob: its kind, and its length as a varint of one byte.
constexpr std::string_view kBlobHead("\x03\x14", 2);
static_assert(kTagBytes == 0x14);
constexpr std::size_t kMarkBytes = kTagBytes + 4;

[[nodiscard]] std::optional<LogPosition> decode_tag(std::string_view tag) {
  if (tag.size() != kTagBytes || !tag.starts_with(kTagMagic)) return std::nullopt;
  ByteReader in(tag.substr(kTagMagic.size()));
  const auto file = in.number<std::uint64_t>();
  const auto bytes = in.number<std::uint64_t>();
  return LogPosition{.file = file, .bytes = bytes};
}

[[nodiscard]] std::string encode_mark(LogPosition position) {
  const std::string tag = encode_sync_tag(position);
  return tag + ByteWriter().number(crc32c(tag)).take();
}

}  // namespace

std::string encode_sync_tag(LogPosition synced) {
  return ByteWriter(kTagBytes).raw(kTagMagic).number(synced.file).number(synced.bytes).take();
}

std::optional<LogPosition> find_sync_tag(std::string_view record) {
  if (record.size() < kBlobHead.size() + kTagBytes) return std::nullopt;
  const auto blob = record.substr(record.size() - kTagBytes - kBlobHead.size());
  if (!blob.starts_with(kBlobHead)) return std::nullopt;
  return decode_tag(blob.substr(kBlobHead.size()));
}

SyncMark::SyncMark(rocksdb::Env& env, std::string folder) : env_(env), name_(std::move(folder) + kFileName) {}
SyncMark::~SyncMark() = default;

std::optional<LogPosition> SyncMark::read(rocksdb::Env& env, const std::string& folder) {
  std::string stored;
  if (!rocksdb::ReadFileToString(&env, folder + kFileName, &stored).ok() || stored.size() != kMarkBytes) {
    return std::nullopt;
  }
  const auto position = decode_tag(std::string_view(stored).substr(0, kTagBytes));
  if (!position || stored != encode_mark(*position)) return std::nullopt;
  return position;
}

// The file is made as a whole under another name, so that there is always a good one.
rocksdb::Status SyncMark::open() {
  const std::string unfinished = name_ + ".new";
  auto status = rocksdb::WriteStringToFile(&env_, encode_mark(position_), unfinished, true);
  if (status.ok()) status = env_.RenameFile(unfinished, name_);
  if (status.ok()) status = env_.NewRandomRWFile(name_, &file_, rocksdb::EnvOptions());
  return status;
}

rocksdb::Status SyncMark::update(LogPosition synced) {
  const bool begins = synced.file != position_.file;
  position_ = synced;
  if (!file_) return begins ? open() : rocksdb::Status::OK();
  auto status = file_->Write(0, encode_mark(position_));
  if (status.ok() && begins) status = file_->Sync();
  // What it holds is still true of what it names. The next file of the log tries again.
  if (!status.ok()) file_.reset();
  return status;
}

rocksdb::Status SyncMark::save() {
  return file_ ? file_->Sync() : rocksdb::Status::OK();
}

}  // namespace herald::adapters
