#pragma once
// For tests: a folder with a certificate.

#include <filesystem>
#include <string>

namespace herald::transport {

// A folder of its own, gone at the end.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();
  [[nodiscard]] std::string file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Writes a fresh P-256 key and a self-signed certificate for `name`.
void write_certificate(const std::string& certificate_file, const std::string& key_file, const char* name);

}  // namespace herald::transport
