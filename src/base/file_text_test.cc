#include "base/file_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace herald {
namespace {

using testing::HasSubstr;

struct FileText : testing::Test {
  std::string folder = (std::filesystem::temp_directory_path() / "herald-file-XXXXXX").string();

  FileText() { EXPECT_NE(::mkdtemp(folder.data()), nullptr); }
  ~FileText() override { std::filesystem::remove_all(folder); }
  std::string write(const std::string& text) const {
    std::ofstream(folder + "/x", std::ios::binary) << text;
    return folder + "/x";
  }
};

TEST_F(FileText, IsReadAsItIs) {
  const std::string text("a\0b\r\n", 5);
  EXPECT_EQ(read_file(write(text)), text);
  EXPECT_EQ(read_file(write("")), "");
  const std::string large(100'000, 'x');
  EXPECT_EQ(read_file(write(large)), large);
}

TEST_F(FileText, DirectoryIsAnErrorAndNoException) {
  const auto text = read_file(folder);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(text.error().message, HasSubstr(folder + " can't be read: Is a directory"));
}

TEST_F(FileText, MissingFileIsToldApart) {
  const auto text = read_file(folder + "/none");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(text.error().message, HasSubstr("No such file"));
  EXPECT_EQ(read_file(write("x") + "/below").error().kind, ErrorKind::kUnavailable);
}

TEST_F(FileText, HasABound) {
  const std::string most(kFileTextMaxBytes, 'x');
  EXPECT_TRUE(read_file(write(most)));
  const auto text = read_file(write(most + "x"));
  ASSERT_FALSE(text);
  EXPECT_THAT(text.error().message, HasSubstr("too large"));
  EXPECT_FALSE(read_file("/dev/zero"));
}

TEST_F(FileText, PipeIsReadToItsEnd) {
  const std::string pipe = folder + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << "from a pipe"; });
  EXPECT_EQ(read_file(pipe), "from a pipe");
  writer.join();
}

}  // namespace
}  // namespace herald
